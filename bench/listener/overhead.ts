/** What the listener adds to its bucket and its table, and whether associations wait for each other: docs/benchmarks.md. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { summarise } from '../figures.ts';
import { sendLoad } from './load-sender.ts';
import { startSlowStoreListener } from './receivers.ts';

const PIXEL_BYTES = 512 * 1024;
const PER_ASSOCIATION = 40;
const ROUNDS = 5;

/** A put and an item for each instance. */
const CALLS_PER_INSTANCE = 2;

const median = (samples: readonly number[]): number =>
  summarise({ name: 'latency', unit: 'ms', samples }).median;

/** Leaves files below `folder`. */
export const measureOverhead = async (
  folder: string,
  ...[figures, tell, quick]: Parameters<Bench>
): Promise<void> => {
  const own = join(folder, 'overhead');
  mkdirSync(own, { recursive: true });
  const calls = join(own, 'calls');
  const listener = await startSlowStoreListener(calls);
  const target = { host: '127.0.0.1', port: listener.port, calledAeTitle: 'BENCH' };
  const send = async (associations: number) => {
    writeFileSync(calls, '');
    const instances = PER_ASSOCIATION * associations;
    const sent = await sendLoad(
      target,
      { name: 'overhead', pixelBytes: PIXEL_BYTES, instances },
      associations,
    );
    const taken = readFileSync(calls, 'utf8').trim().split('\n').map(Number);
    if (taken.length !== CALLS_PER_INSTANCE * instances) {
      throw new Error(`${taken.length} calls of the stores for ${instances} instances`);
    }
    const inStores = CALLS_PER_INSTANCE * median(taken);
    return { overhead: median(sent.latencies) - inStores, rate: instances / sent.seconds };
  };
  try {
    tell('overhead, warm-up');
    await send(8);
    const rounds = quick ? 1 : ROUNDS;
    for (let round = 1; round <= rounds; round += 1) {
      tell(`overhead, round ${round} of ${rounds}`);
      let alone = 0;
      for (const associations of [1, 4, 16]) {
        const { overhead, rate } = await send(associations);
        const where = `stores of 20 ms, 512 KiB × ${associations}`;
        figures.add(`${where}: overhead of an instance`, 'ms', overhead);
        figures.add(where, 'instances/s', rate);
        if (associations === 1) alone = rate;
        else figures.add(`${where} / × 1`, '×', rate / alone);
      }
    }
  } finally {
    await listener.stop();
  }
};
