/** Small instances and the requests that announce them, for tests of the way in. */
import { encodingOf, EXPLICIT_VR_LITTLE_ENDIAN } from '../../core/dicom/transfer-syntaxes.ts';
import type {
  AssociationReceiver,
  InstanceReceiver,
  ReceptionContext,
  StoreOutcome,
} from '../../listener-container/services/instance-receiver.ts';
import { text, writeDataSet, type WrittenElement } from './data-set-writer.ts';

export const CT_IMAGE = '1.2.840.10008.5.1.4.1.1.2';

export interface InstanceFacts {
  readonly sopInstanceUid: string;
  readonly sopClassUid?: string;
  /** Left out of the data set when undefined is given. */
  readonly patientId?: string | undefined;
  readonly studyInstanceUid?: string;
  readonly seriesInstanceUid?: string;
  readonly transferSyntaxUid?: string;
  /** Bytes of Pixel Data. */
  readonly pixels?: number;
  readonly comment?: string;
}

export const dataSetOf = (facts: InstanceFacts): Buffer => {
  const { patientId = 'P1', pixels = 64 } = facts;
  const elements: WrittenElement[] = [
    text(0x00080016, 'UI', facts.sopClassUid ?? CT_IMAGE),
    text(0x00080018, 'UI', facts.sopInstanceUid),
    text(0x00080060, 'CS', 'CT'),
    ...('patientId' in facts && facts.patientId === undefined
      ? []
      : [text(0x00100020, 'LO', patientId)]),
    ...(facts.comment === undefined ? [] : [text(0x00104000, 'LT', facts.comment)]),
    text(0x0020000d, 'UI', facts.studyInstanceUid ?? '1.2.3'),
    text(0x0020000e, 'UI', facts.seriesInstanceUid ?? '1.2.3.4'),
    {
      tag: 0x7fe00010,
      vr: 'OW',
      content: { kind: 'value', bytes: Buffer.alloc(pixels, 0x5a) },
    },
  ];
  return writeDataSet(elements, encodingOf(facts.transferSyntaxUid ?? EXPLICIT_VR_LITTLE_ENDIAN));
};

export const contextOf = (facts: InstanceFacts): ReceptionContext => ({
  associationId: 'association-1',
  calledAeTitle: 'GANTRY',
  callingAeTitle: 'CT1',
  remoteAddress: '127.0.0.1',
  sopClassUid: facts.sopClassUid ?? CT_IMAGE,
  sopInstanceUid: facts.sopInstanceUid,
  transferSyntaxUid: facts.transferSyntaxUid ?? EXPLICIT_VR_LITTLE_ENDIAN,
});

/** Hands an instance over in pieces, as the upper layer does. */
export const send = async (
  association: AssociationReceiver,
  facts: InstanceFacts,
  change: { context?: Partial<ReceptionContext>; dataSet?: Buffer } = {},
): Promise<StoreOutcome> => {
  const reception = association.begin({ ...contextOf(facts), ...change.context });
  const dataSet = change.dataSet ?? dataSetOf(facts);
  for (let at = 0; at < dataSet.length; at += 16_000) {
    await reception.write(dataSet.subarray(at, at + 16_000));
  }
  try {
    return await reception.end();
  } finally {
    await reception.close();
  }
};

/** The same on an association of its own. */
export const receive = (
  receiver: InstanceReceiver,
  facts: InstanceFacts,
  change: { context?: Partial<ReceptionContext>; dataSet?: Buffer } = {},
): Promise<StoreOutcome> =>
  send(receiver.associated({ ...contextOf(facts), ...change.context }), facts, change);
