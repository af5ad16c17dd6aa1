/** The same loads to each receiver in turn, round by round, so that all have the same machine: docs/benchmarks.md. */
import { mkdirSync, readdirSync, renameSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { residentMebibytes } from '../resident-memory.ts';
import { startBenchCloud, type BenchCloud } from './bench-cloud.ts';
import { sendLoad } from './load-sender.ts';
import type { Load } from './load.ts';
import { startDcmjsDimse, startOrthanc, startPynetdicom, startStorescp } from './peers.ts';
import { highWaterMebibytes, processorSeconds, resetHighWater } from './process-figures.ts';
import {
  startLocalDiskListener,
  startSink,
  startWholeListener,
  type Receiver,
} from './receivers.ts';

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;
const GIBIBYTE = 1024 * MEBIBYTE;
const AE_TITLE = 'BENCH';
const OURS = 'gantry, local disk';

const ASSOCIATIONS = [1, 4, 16];

/** `perAssociation`: so many on each, and not so many in all. */
const LOADS: readonly (Load & { readonly perAssociation?: true; readonly rounds: number })[] = [
  { name: '512 KiB', pixelBytes: 512 * KIBIBYTE, instances: 500, rounds: 5 },
  { name: '32 KiB', pixelBytes: 32 * KIBIBYTE, instances: 2000, rounds: 5 },
  { name: '64 MiB', pixelBytes: 64 * MEBIBYTE, instances: 20, rounds: 5 },
  { name: '1 GiB', pixelBytes: GIBIBYTE, instances: 1, perAssociation: true, rounds: 2 },
];

/** What every receiver gets before anything is measured: compiling and growing happens once in the life of a process. */
const WARM_UP: Load = { name: 'warm-up', pixelBytes: 32 * KIBIBYTE, instances: 300 };
const WARM_UP_ASSOCIATIONS = 4;

interface Contestant {
  readonly name: string;
  readonly receiver: Receiver;
  /** The receivers that take minutes for a load get this part of it: what is compared is a rate. */
  readonly part: number;
  /** The largest instance that it gets: some hold whole instances, several times, in memory. */
  readonly largestBytes: number;
  readonly idleMebibytes: number;
  /** It has a process for each association: its memory is not one figure. */
  readonly forks: boolean;
  /** Where its files are, which must be as many as were sent; they are put aside after each load. */
  readonly files?: string;
}

const partOf = ({ instances, ...load }: Load, part: number, associations: number): Load => ({
  ...load,
  instances: Math.min(instances, Math.max(Math.ceil(instances * part), Math.min(associations, 4))),
});

let loadsTaken = 0;

/**
 * Nobody is measured who lost something. Files are emptied and put aside, and not removed: ext4 gives the numbers of
 * inodes that were freed in the last minutes to nobody and looks at each of them whenever a file is made, so that
 * whoever comes next would pay for the files of whoever was before.
 */
const takeFiles = (name: string, folder: string, sent: number): void => {
  const found = readdirSync(folder);
  if (found.length !== sent) throw new Error(`${name} has ${found.length} of ${sent} instances`);
  for (const file of found) truncateSync(join(folder, file));
  loadsTaken += 1;
  renameSync(folder, `${folder}-${loadsTaken}`);
  mkdirSync(folder);
};

interface Measured {
  readonly perSecond: number;
  readonly secondsPerGibibyte: number;
  readonly peakMebibytes: number | undefined;
}

const measure = async (
  { name, receiver, part, idleMebibytes, forks, files }: Contestant,
  load: Load,
  associations: number,
): Promise<Measured> => {
  const sent = partOf(load, part, associations);
  const target = { host: '127.0.0.1', port: receiver.port, calledAeTitle: AE_TITLE };
  resetHighWater(receiver.pid);
  const before = processorSeconds(receiver.pid);
  let used = 0;
  const { seconds, bytes } = await sendLoad(target, sent, associations, () => {
    // A process that serves one association ends with it, and may take its time along.
    used = processorSeconds(receiver.pid) - before;
  });
  if (files !== undefined) takeFiles(name, files, sent.instances);
  return {
    perSecond: sent.instances / seconds,
    secondsPerGibibyte: used / (bytes / GIBIBYTE),
    peakMebibytes: forks ? undefined : highWaterMebibytes(receiver.pid) - idleMebibytes,
  };
};

/** Leaves files below `folder`. `others`: all receivers, and not only DCMTK's. */
export const measureSideBySide = async (
  folder: string,
  { others }: { readonly others: boolean },
  ...[figures, tell, quick]: Parameters<Bench>
): Promise<void> => {
  const receivers: Receiver[] = [];
  const contestants: Contestant[] = [];
  const enter = async (
    name: string,
    start: (files: string) => Promise<Receiver | undefined>,
    facts: Partial<Contestant> & { readonly writesFiles?: boolean } = {},
  ): Promise<void> => {
    const files = join(folder, name.replace(/\W+/g, '-'));
    mkdirSync(files, { recursive: true });
    const receiver = await start(files);
    if (receiver === undefined) {
      tell(`${name} is not on this computer, and not measured`);
      return;
    }
    receivers.push(receiver);
    const { writesFiles = false, ...given } = facts;
    contestants.push({
      ...{ name, receiver, part: 1, largestBytes: GIBIBYTE, forks: false },
      idleMebibytes: residentMebibytes(receiver.pid),
      ...(writesFiles ? { files } : {}),
      ...given,
    });
  };
  let cloud: BenchCloud | undefined;
  try {
    const slow = { part: 0.1, largestBytes: 64 * MEBIBYTE };
    await enter('sink', () => startSink());
    await enter(OURS, (files) => startLocalDiskListener(files), { writesFiles: true });
    await enter('storescp', (files) => startStorescp('--output-directory', files), {
      ...{ forks: true, writesFiles: true },
    });
    await enter('storescp +B', (files) => startStorescp('+B', '--output-directory', files), {
      ...{ forks: true, writesFiles: true },
    });
    if (others) {
      cloud = await startBenchCloud();
      await cloud.addAeTitle(AE_TITLE);
      const { address } = cloud;
      await enter('storescp --ignore', () => startStorescp('--ignore'), { forks: true });
      await enter('gantry, emulated S3', (files) => startWholeListener(files, address), slow);
      await enter('Orthanc', (files) => startOrthanc(files), slow);
      await enter('pynetdicom', (files) => startPynetdicom(files), { ...slow, writesFiles: true });
      await enter('dcmjs-dimse', (files) => startDcmjsDimse(files), { ...slow, writesFiles: true });
    }
    tell(`warm-up, ${WARM_UP.instances} instances to each`);
    for (const contestant of contestants) {
      await measure({ ...contestant, part: 1 }, WARM_UP, WARM_UP_ASSOCIATIONS);
    }
    for (const { perAssociation = false, rounds: usual, ...load } of LOADS) {
      const rounds = quick ? 1 : usual;
      for (const associations of quick ? ASSOCIATIONS.slice(0, 2) : ASSOCIATIONS) {
        const instances = load.instances * (perAssociation && !quick ? associations : 1);
        const whole = { ...load, instances };
        const chosen = quick ? partOf(whole, 0.1, 4) : whole;
        for (let round = 1; round <= rounds; round += 1) {
          tell(`${load.name}, ${associations} associations, round ${round} of ${rounds}`);
          const where = `${load.name} × ${associations}`;
          const rates = new Map<string, number>();
          for (const contestant of contestants) {
            const { name, largestBytes, part } = contestant;
            // The slow ones vary less than they are apart: two rounds say enough.
            if (load.pixelBytes > largestBytes || (part < 1 && round > 2)) continue;
            const measured = await measure(contestant, chosen, associations);
            rates.set(name, measured.perSecond);
            figures.add(`${where}: ${name}`, 'instances/s', measured.perSecond);
            figures.add(`${where}: ${name}, CPU`, 's/GiB', measured.secondsPerGibibyte);
            if (measured.peakMebibytes !== undefined) {
              figures.add(`${where}: ${name}, peak above idle`, 'MiB', measured.peakMebibytes);
            }
          }
          const ours = rates.get(OURS) ?? 0;
          for (const [name, rate] of rates) {
            if (name !== OURS) figures.add(`${where}: ${OURS} / ${name}`, '×', ours / rate);
          }
        }
      }
    }
  } finally {
    await Promise.all(receivers.map((receiver) => receiver.stop()));
    await cloud?.stop();
  }
};
