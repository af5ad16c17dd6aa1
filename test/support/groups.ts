/** Groups and instances for tests: complete items of which a test names what matters to it. */
import { CLOCK_SKEW_MS } from '../../core/contracts/due-time.ts';
import type { GroupItem, GroupManifest, InstanceItem } from '../../core/contracts/items.ts';
import { groupId, groupKeyId } from '../../core/contracts/keys.ts';

/** What makes a group due then, with a quiet time of five seconds: the promise of one listener. */
export const dueThen = (
  at: number,
): Pick<GroupItem, 'openedAt' | 'promises' | 'timeoutMs' | 'capAt'> => {
  const until = at - 5000 - CLOCK_SKEW_MS;
  const capAt = at + 3_600_000;
  return { timeoutMs: 5000, openedAt: until, promises: { a: { until, turn: 1 } }, capAt };
};

export const aGroup = (facts: Partial<GroupItem> & { keyValues: string[] }): GroupItem => {
  const { aeTitle = 'GANTRY', groupBy = ['StudyInstanceUID'], keyValues, generation = 1 } = facts;
  const keyId = groupKeyId(aeTitle, groupBy, keyValues);
  return {
    id: groupId(keyId, generation),
    keyId,
    generation,
    aeTitle,
    processor: 'ae-title',
    groupBy,
    state: 'COLLECTING',
    priority: 'normal',
    pipelines: { default: 'default' },
    timeoutMs: 5000,
    openedAt: 1_000_000,
    firstReceivedAt: 1_000_000,
    lastReceivedAt: 1_000_500,
    promises: { a: { until: 1_001_000, turn: 1 } },
    version: 1,
    capAt: 4_600_000,
    instanceCount: 2,
    sessions: [],
    ...facts,
  };
};

export const anInstance = (
  group: Pick<GroupItem, 'aeTitle' | 'keyId'>,
  sopInstanceUid: string,
  facts: Partial<InstanceItem> = {},
): InstanceItem => ({
  aeTitle: group.aeTitle,
  keyId: group.keyId,
  sopInstanceUid,
  sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
  seriesInstanceUid: '1.2.3.1',
  studyInstanceUid: '1.2.3',
  patientId: 'P1',
  issuerOfPatientId: '',
  transferSyntaxUid: '1.2.840.10008.1.2.1',
  objectKey: `instances/${sopInstanceUid}.dcm`,
  size: 1000,
  sha256: sopInstanceUid.replace(/\D/g, '').padStart(64, '0'),
  callingAeTitle: 'SCANNER',
  remoteAddress: '127.0.0.1',
  associationId: 'a1',
  receivedAt: 1_000_000,
  attributes: {},
  ...facts,
});

export const aManifest = (
  group: Pick<GroupItem, 'id' | 'aeTitle' | 'groupBy'>,
  instances: readonly InstanceItem[],
): GroupManifest => ({
  groupId: group.id,
  aeTitle: group.aeTitle,
  groupBy: [...group.groupBy],
  sealedAt: 1_010_000,
  series: [
    {
      patientId: 'P1',
      issuerOfPatientId: '',
      studyInstanceUid: '1.2.3',
      seriesInstanceUid: '1.2.3.1',
      attributes: {},
      instances: [...instances],
    },
  ],
});
