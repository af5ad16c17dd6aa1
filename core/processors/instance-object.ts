/** Where the object of an instance that is in a group is stored: below the AE title that groups it. */
import type { InstanceItem } from '../contracts/items.ts';
import { shortHash } from '../contracts/keys.ts';
import { objectKeys } from '../contracts/object-keys.ts';
import { isUidLike } from '../dicom/uid.ts';

/** Devices write UIDs that break a rule or none at all; such a one is stored under its hash. */
const keyPart = (uid: string): string => (isUidLike(uid) ? uid : `x${shortHash(uid, 16)}`);

export const instanceObjectKey = (
  instance: Pick<
    InstanceItem,
    | 'aeTitle'
    | 'keyId'
    | 'studyInstanceUid'
    | 'seriesInstanceUid'
    | 'sopInstanceUid'
    | 'sha256'
    | 'incarnation'
  >,
): string =>
  objectKeys.instance(
    instance.aeTitle,
    keyPart(instance.studyInstanceUid),
    keyPart(instance.seriesInstanceUid),
    instance.sopInstanceUid,
    instance.sha256,
    instance,
  );

/** The objects that an instance has had up to an incarnation of it. */
export const objectKeysUpTo = (
  instance: Omit<Parameters<typeof instanceObjectKey>[0], 'incarnation'>,
  incarnation: number,
): string[] =>
  Array.from({ length: incarnation }, (_, index) =>
    instanceObjectKey({ ...instance, incarnation: index + 1 }),
  );
