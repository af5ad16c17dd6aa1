/** How long a peer waits for its answers while another one misbehaves: docs/benchmarks.md, "listener". */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { endWithUs } from '../child-processes.ts';
import { sendLoad } from './load-sender.ts';
import { MISDEEDS } from './misdeeds.ts';
import { startLocalDiskListener } from './receivers.ts';

const PIXEL_BYTES = 32 * 1024;

const startPeer = async (port: number, misdeed: string) => {
  const program = join(import.meta.dirname, 'misbehaving-peer.ts');
  const peer = spawn(process.execPath, [program, String(port), misdeed], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithUs(peer);
  await once(peer.stdout, 'data');
  return peer;
};

/** Leaves files below `folder`. */
export const measureMisbehaving = async (
  folder: string,
  ...[figures, tell, quick]: Parameters<Bench>
): Promise<void> => {
  const listener = await startLocalDiskListener(join(folder, 'misbehaving', 'objects'));
  const target = { host: '127.0.0.1', port: listener.port, calledAeTitle: 'BENCH' };
  const load = { name: 'beside', pixelBytes: PIXEL_BYTES, instances: quick ? 100 : 1000 };
  try {
    tell('beside nobody');
    await sendLoad(target, load, 1);
    const { latencies } = await sendLoad(target, load, 1);
    figures.add('32 KiB beside nobody: to its answer', 'ms', ...latencies);
    for (const misdeed of Object.keys(MISDEEDS)) {
      tell(`beside a peer that ${misdeed}`);
      const peer = await startPeer(listener.port, misdeed);
      const besides = await sendLoad(target, load, 1);
      peer.kill('SIGTERM');
      await once(peer, 'exit');
      figures.add(`… that ${misdeed}`, 'ms', ...besides.latencies);
    }
  } finally {
    await listener.stop();
  }
};
