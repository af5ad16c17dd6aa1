/** A disk that is nearly full: instances are refused before the store could lose one. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diskRoom } from '../../../listener-container/ingest/disk-room.ts';
import { BENCH_AE_TITLE, openIngestBench, type IngestBench } from '../../support/ingest-bench.ts';
import { receive } from '../../support/received-instances.ts';

const RESERVE = 1000;

let bench: IngestBench;
beforeEach(async () => {
  bench = await openIngestBench();
});
afterEach(() => bench.close());

/** Room on a disk with so many free bytes, which the test changes, at a time that it passes. */
const disk = (free: number) => {
  const state = { free, now: 0, asked: 0 };
  const hasRoom = diskRoom({
    directory: '/spool',
    reserveBytes: RESERVE,
    clock: () => state.now,
    freeBytes: () => {
      state.asked += 1;
      return Promise.resolve(state.free);
    },
  });
  return { state, hasRoom };
};

describe('a disk with less free than the reserve', () => {
  it('makes 0xA700 that says why, nothing is stored, and a decision tells of it', async () => {
    const { hasRoom } = disk(RESERVE - 1);

    const outcome = await receive(bench.ingest({ hasRoom }), { sopInstanceUid: '1.2.3' });

    expect(outcome).toEqual({
      status: 0xa700,
      errorComment: 'the disk is full; make room on it and send again',
    });
    expect([bench.stored, bench.groups.instanceItems.size]).toEqual([[], 0]);
    expect(bench.groups.decisions.map(({ code }) => code)).toEqual(['instance-not-stored']);
  });

  it('takes instances again as soon as there is room, and those that are not kept at any time', async () => {
    const { state, hasRoom } = disk(0);
    const ignore = ['1.2.840.10008.5.1.4.1.1.2'];
    const ignoring = bench.ingest({
      hasRoom,
      aeTitle: () => Promise.resolve({ ...BENCH_AE_TITLE, ignore }),
    });
    const ingest = bench.ingest({ hasRoom });

    const statuses = [await receive(ignoring, { sopInstanceUid: '1.2.3' })];
    statuses.push(await receive(ingest, { sopInstanceUid: '1.2.3' }));
    state.free = RESERVE;
    state.now = 1000;
    statuses.push(await receive(ingest, { sopInstanceUid: '1.2.3' }));

    expect(statuses.map(({ status }) => status)).toEqual([0, 0xa700, 0]);
  });
});

describe('the room of a disk', () => {
  it('is asked for a few times a second at most, also when the clock was put back', async () => {
    const { state, hasRoom } = disk(RESERVE);

    await Promise.all([hasRoom(), hasRoom()]);
    expect(state.asked).toBe(1);
    state.now = 300;
    await hasRoom();
    state.now = -10_000;
    await hasRoom();
    expect(state.asked).toBe(3);
  });

  it('counts as there where the disk cannot be asked, and is asked of a real one', async () => {
    const options = { reserveBytes: 1, clock: Date.now };

    expect(await diskRoom({ ...options, directory: '/is/not/there' })()).toBe(true);
    expect(await diskRoom({ ...options, directory: bench.spoolDirectory })()).toBe(true);
    const tooMuch = { ...options, reserveBytes: Number.MAX_SAFE_INTEGER };
    expect(await diskRoom({ ...tooMuch, directory: bench.spoolDirectory })()).toBe(false);
  });
});
