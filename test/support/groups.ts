/** Groups and instances for tests: complete items of which a test names what matters to it. */
import type { GroupItem, GroupManifest, InstanceItem } from '../../core/contracts/items.ts';
import { groupId, groupKeyId } from '../../core/contracts/keys.ts';

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
    dueAt: 1_006_100,
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
