/** How busy this thread is, as its clock tells. */
import type { EventLoopUtilization } from 'node:perf_hooks';
import { expect, it } from 'vitest';
import { watchLoop } from '../../../listener-container/hashing/busy-loop.ts';

/** A loop that is made to work and to wait, in milliseconds. */
const aLoop = () => {
  let active = 0;
  let idle = 0;
  return {
    spend: (working: number, waiting: number) => {
      active += working;
      idle += waiting;
    },
    now: () => active + idle,
    eventLoopUtilization: (
      now: EventLoopUtilization = { active, idle, utilization: 0 },
      before: EventLoopUtilization = { active: 0, idle: 0, utilization: 0 },
    ): EventLoopUtilization => {
      const worked = now.active - before.active;
      const waited = now.idle - before.idle;
      const all = worked + waited;
      return { active: now.active, idle: now.idle, utilization: all === 0 ? 0 : worked / all };
    },
  };
};

it('is busy when it has hardly waited, and stays so until it waits for half of the time', () => {
  const loop = aLoop();
  const isBusy = watchLoop(loop);
  const after = (working: number, waiting: number): boolean => {
    loop.spend(working, waiting);
    return isBusy();
  };

  expect(isBusy()).toBe(false);
  expect(after(80, 20)).toBe(false);
  expect(after(95, 5)).toBe(true);
  expect(after(60, 40)).toBe(true);
  expect(after(40, 60)).toBe(false);
  expect(after(60, 40)).toBe(false);
});

it('is measured over fifty milliseconds, and in between is what it was', () => {
  const loop = aLoop();
  const isBusy = watchLoop(loop);
  loop.spend(40, 0);
  expect(isBusy()).toBe(false);
  loop.spend(10, 0);
  expect(isBusy()).toBe(true);
  loop.spend(0, 49);
  expect(isBusy()).toBe(true);
});

it('tells of this thread when it is given nothing', () => {
  const isBusy = watchLoop();
  for (const end = performance.now() + 200; performance.now() < end;);
  expect(isBusy()).toBe(true);
});
