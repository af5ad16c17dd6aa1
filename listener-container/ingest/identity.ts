/**
 * Which SOP instance a received data set is. Its request says so, and so does the data set; where they do not say
 * the same, or the data set says nothing, the policies of its AE title decide. The data set is never altered.
 */
import type { AeTitleItem } from '../../core/contracts/configuration.ts';
import type { InstanceHeader } from '../../core/dicom/header.ts';
import { isValidUid } from '../../core/dicom/uid.ts';
import type { ReceptionContext } from '../services/instance-receiver.ts';

export interface SopReference {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
}

export type Identity =
  /** `differs`: in what, when it is not what its request announced. */
  | { readonly kind: 'known'; readonly sop: SopReference; readonly differs?: string }
  /** Of the request; the data set itself does not say. */
  | { readonly kind: 'announced'; readonly sop: SopReference; readonly problem: string }
  | { readonly kind: 'mismatch'; readonly differs: string }
  /** `keepable`: with `unparsable: unrouted` it would be kept. */
  | { readonly kind: 'unreadable'; readonly problem: string; readonly keepable: boolean };

/** For sentences: what of the request the data set does not have. */
const difference = (announced: SopReference, own: SopReference): string | undefined => {
  const parts = [
    ...(announced.sopClassUid === own.sopClassUid ? [] : ['SOP class']),
    ...(announced.sopInstanceUid === own.sopInstanceUid ? [] : ['SOP instance']),
  ];
  return parts.length === 0 ? undefined : parts.join(' and ');
};

export const identityOf = (
  { sopClassUid, sopInstanceUid }: Pick<ReceptionContext, 'sopClassUid' | 'sopInstanceUid'>,
  header: InstanceHeader,
  { uidMismatch, unparsable }: Pick<AeTitleItem, 'uidMismatch' | 'unparsable'>,
  isEmpty: boolean,
): Identity => {
  const announced = { sopClassUid, sopInstanceUid };
  const own = {
    sopClassUid: header.text('SOPClassUID') ?? '',
    sopInstanceUid: header.text('SOPInstanceUID') ?? '',
  };
  const missing =
    own.sopClassUid === '' ? 'SOPClassUID' : own.sopInstanceUid === '' ? 'SOPInstanceUID' : '';
  if (missing !== '') {
    const problem = header.problem ?? `the data set has no ${missing}`;
    return unparsable === 'unrouted' && !isEmpty
      ? { kind: 'announced', sop: announced, problem }
      : { kind: 'unreadable', problem, keepable: !isEmpty };
  }
  const differs = difference(announced, own);
  if (differs === undefined) return { kind: 'known', sop: own };
  if (uidMismatch === 'refuse') return { kind: 'mismatch', differs };
  // They become parts of keys.
  return isValidUid(own.sopClassUid) && isValidUid(own.sopInstanceUid)
    ? { kind: 'known', sop: own, differs }
    : {
        ...{ kind: 'unreadable', keepable: false },
        problem: 'a SOP UID of the data set is not a valid UID',
      };
};
