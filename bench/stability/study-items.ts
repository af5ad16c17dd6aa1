/** Items of studies that no listener received: what the listener would have stored of them. */
import {
  AE_TITLE_DEFAULTS,
  RECEPTION_DEFAULTS,
  type AeTitleItem,
} from '../../core/contracts/configuration.ts';
import type { InstanceItem } from '../../core/contracts/items.ts';
import { GROUPING_PROCESSOR } from '../../core/contracts/names.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../../core/dicom/transfer-syntaxes.ts';
import { keyOfInstance, type GroupKey } from '../../core/processors/ae-title-key.ts';
import { CT_IMAGE } from '../../test/support/received-instances.ts';
import { newUid } from '../instances.ts';

/** Groups by study. */
export const AE_TITLE: AeTitleItem = {
  ...{ ...AE_TITLE_DEFAULTS, ...RECEPTION_DEFAULTS, aeTitle: 'BENCH' },
  ...{ processor: GROUPING_PROCESSOR, pipelines: {}, accept: [], ignore: [] },
  groupBy: ['StudyInstanceUID'],
};

export interface Study {
  readonly key: GroupKey;
  readonly uid: string;
  readonly series: string;
}

export const newStudy = (): Study => {
  const uid = newUid();
  const outcome = keyOfInstance(AE_TITLE, () => uid);
  if (!outcome.routed) throw new Error(outcome.reason);
  return { key: outcome.key, uid, series: newUid() };
};

/** A new instance of the study. */
export const instanceOf = (study: Study, receivedAt: number): InstanceItem => {
  const sopInstanceUid = newUid();
  const sha256 = sopInstanceUid.slice(-16).padStart(64, 'a');
  return {
    ...{ aeTitle: AE_TITLE.aeTitle, keyId: study.key.keyId, sopInstanceUid, sha256, receivedAt },
    ...{ sopClassUid: CT_IMAGE, transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN, size: 527_000 },
    ...{ studyInstanceUid: study.uid, seriesInstanceUid: study.series },
    ...{ patientId: 'P1', issuerOfPatientId: '', objectKey: `instances/${sopInstanceUid}` },
    ...{ callingAeTitle: 'CT1', remoteAddress: '127.0.0.1', associationId: 'association-1' },
    ...{ attributes: { PatientID: 'P1', Modality: 'CT' }, declared: {} },
  };
};
