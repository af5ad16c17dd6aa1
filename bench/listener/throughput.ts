/** The same sender with the same files against each receiver in turn, round by round, so that all have the same machine. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { storescu } from '../../test/support/senders.ts';
import type { Bench } from '../bench.ts';
import { writeStudy, type StudyFiles } from '../instances.ts';
import { startBenchCloud } from './bench-cloud.ts';
import {
  startDiscardingListener,
  startStorescp,
  startWholeListener,
  type Receiver,
} from './receivers.ts';

const IMAGES = 200;
const PIXEL_BYTES = 512 * 1024;
const ROUNDS = 3;
const ASSOCIATIONS = [1, 4];

interface Contestant {
  readonly name: string;
  readonly receiver: Receiver;
  /** The peers by whose throughput in the same round this one's is divided. */
  readonly against?: readonly string[];
  /** So that what comes is new: nothing of an earlier round is there. */
  readonly prepare?: () => void;
  /** Throws if not everything is there. */
  readonly check?: (aeTitle: string) => Promise<void>;
}

/** Nobody is measured who lost something. */
const checkCount = (name: string, found: number): void => {
  if (found !== IMAGES) throw new Error(`${name} has ${found} of ${IMAGES} instances`);
};

/** MiB/s from the start of the first sender to the end of the last. */
const send = async (
  { port }: Receiver,
  calledAeTitle: string,
  files: readonly string[],
  associations: number,
): Promise<number> => {
  const startedAt = performance.now();
  const outcomes = await Promise.all(
    Array.from({ length: associations }, (_, index) =>
      storescu(
        { port, calledAeTitle, callingAeTitle: 'BENCH' },
        files.filter((_file, place) => place % associations === index),
        '--required',
      ),
    ),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  for (const { code, stderr } of outcomes) {
    if (code !== 0) throw new Error(`storescu ended with ${code}: ${stderr}`);
  }
  return (IMAGES * PIXEL_BYTES) / 2 ** 20 / seconds;
};

/** One for each round, so that nothing is a re-send. */
const aeTitleOf = (associations: number, count: number): string => `BENCH-${associations}-${count}`;

const round = async (
  contestants: readonly Contestant[],
  study: StudyFiles,
  associations: number,
  aeTitle: string,
): Promise<Map<string, number>> => {
  const rates = new Map<string, number>();
  for (const { name, receiver, prepare, check } of contestants) {
    prepare?.();
    rates.set(name, await send(receiver, aeTitle, study.files, associations));
    await check?.(aeTitle);
  }
  return rates;
};

/** Leaves files below `folder`. */
export const measureThroughput = async (
  folder: string,
  ...[figures, tell]: Parameters<Bench>
): Promise<void> => {
  const images = join(folder, 'images');
  const received = join(folder, 'received');
  mkdirSync(images);
  mkdirSync(received);
  const study = writeStudy(images, IMAGES, PIXEL_BYTES);
  const cloud = await startBenchCloud();
  const receivers: Receiver[] = [];
  const started = async (starting: Promise<Receiver>): Promise<Receiver> => {
    const receiver = await starting;
    receivers.push(receiver);
    return receiver;
  };
  try {
    // Before the listener starts, which looks for new ones only from time to time.
    for (const associations of ASSOCIATIONS) {
      for (let count = 1; count <= ROUNDS; count += 1) {
        await cloud.addAeTitle(aeTitleOf(associations, count));
      }
    }
    const contestants: Contestant[] = [
      {
        name: 'storescp, writing',
        receiver: await started(startStorescp('--bit-preserving', '--output-directory', received)),
        prepare: () => {
          rmSync(received, { recursive: true, force: true });
          mkdirSync(received);
        },
        check: () => {
          checkCount('storescp', readdirSync(received).length);
          return Promise.resolve();
        },
      },
      { name: 'storescp, discarding', receiver: await started(startStorescp('--ignore')) },
      {
        name: 'listener, discarding',
        receiver: await started(startDiscardingListener()),
        against: ['storescp, discarding', 'storescp, writing'],
      },
      {
        name: 'listener, whole path',
        receiver: await started(startWholeListener(folder, cloud.address)),
        against: ['storescp, writing'],
        check: async (aeTitle) => {
          checkCount('the listener', await cloud.instances(aeTitle, study.studyInstanceUid));
        },
      },
    ];
    for (const associations of ASSOCIATIONS) {
      const suffix = associations === 1 ? '1 association' : `${associations} associations`;
      for (let count = 1; count <= ROUNDS; count += 1) {
        tell(`throughput, ${suffix}, round ${count} of ${ROUNDS}`);
        const rates = await round(contestants, study, associations, aeTitleOf(associations, count));
        for (const { name, against = [] } of contestants) {
          const rate = rates.get(name) ?? 0;
          figures.add(`${name}, ${suffix}`, 'MiB/s', rate);
          for (const peer of against) {
            figures.add(`${name} / ${peer}, ${suffix}`, '×', rate / (rates.get(peer) ?? 0));
          }
        }
      }
    }
  } finally {
    await Promise.all(receivers.map((receiver) => receiver.stop()));
    await cloud.stop();
  }
};
