/** The memory of the listener's process: at rest, and at most while one instance comes that is larger than it may hold. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openAssociation } from '../../cli/dimse/association.ts';
import { storeRequest } from '../../core/dimse/messages.ts';
import { STATUS } from '../../core/dimse/status.ts';
import type { Bench } from '../bench.ts';
import { largeInstance } from '../instances.ts';
import { peakMebibytes, residentMebibytes } from '../resident-memory.ts';
import { startBenchCloud } from './bench-cloud.ts';
import { startDiscardingBucket } from './discarding-bucket.ts';
import { startWholeListener } from './receivers.ts';

const PIXEL_BYTES = 2 ** 30;
const ROUNDS = 2;
const REST_MS = 3000;
const TIMEOUT_MS = 120_000;
const AE_TITLE = 'BENCH';

const sendLarge = async (port: number): Promise<void> => {
  const instance = largeInstance(PIXEL_BYTES);
  const { sopClassUid, sopInstanceUid, transferSyntaxUid } = instance;
  const association = await openAssociation({
    host: '127.0.0.1',
    port,
    calledAe: AE_TITLE,
    callingAe: AE_TITLE,
    contexts: [{ abstractSyntax: sopClassUid, transferSyntaxes: [transferSyntaxUid] }],
    timeoutMs: TIMEOUT_MS,
  });
  const [context] = association.contexts;
  if (context === undefined) throw new Error('the listener did not accept the SOP class');
  const response = await association.request(
    context.id,
    storeRequest(association.nextMessageId(), sopClassUid, sopInstanceUid),
    { length: instance.length, pieces: instance.pieces(association.pieceLength) },
  );
  await association.release();
  if (response.Status !== STATUS.success) {
    throw new Error(
      `the listener answered ${String(response.Status)} ${response.ErrorComment ?? ''}`,
    );
  }
};

/** A listener of its own for each round: what a first instance leaves behind would hide what the next one needs. */
export const measureMemory = async (
  folder: string,
  ...[figures, tell]: Parameters<Bench>
): Promise<void> => {
  const cloud = await startBenchCloud();
  try {
    await cloud.addAeTitle(AE_TITLE);
    for (let count = 1; count <= ROUNDS; count += 1) {
      tell(`memory, round ${count} of ${ROUNDS}`);
      const bucket = await startDiscardingBucket();
      const listener = await startWholeListener(folder, {
        ...cloud.address,
        awsEnvironment: { ...cloud.address.awsEnvironment, AWS_ENDPOINT_URL_S3: bucket.endpoint },
      });
      try {
        await sleep(REST_MS);
        const idle = residentMebibytes(listener.pid);
        const startedAt = performance.now();
        const peak = await peakMebibytes(listener.pid, () => sendLarge(listener.port));
        const seconds = (performance.now() - startedAt) / 1000;
        if (bucket.receivedBytes < PIXEL_BYTES) throw new Error('not all of the object was put');
        figures.add('resident memory of the idle listener', 'MiB', idle);
        figures.add('peak above idle while 1 GiB comes', 'MiB', peak - idle);
        figures.add('1 GiB, from the first byte to the response', 's', seconds);
      } finally {
        await listener.stop();
        bucket.stop();
      }
    }
  } finally {
    await cloud.stop();
  }
};
