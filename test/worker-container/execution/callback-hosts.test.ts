/** Places of attempts that could not be made: nothing of them is kept. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  callbackHosts,
  type HostedJob,
} from '../../../worker-container/execution/callback-hosts.ts';
import type { UserIds } from '../../../worker-container/isolation/user-ids.ts';

const KINDS: Record<string, HostedJob> = {
  'a process of its own': { serviceHash: 'h', job: { sessionId: 's' } },
  'a process that stays': { serviceHash: 'h', job: { sessionId: 's', keepWarm: 'session' } },
};

let folder: string;
let taken: number;

const users: UserIds = {
  take: () => {
    taken += 1;
    const { getuid = () => 0, getgid = () => 0 } = process;
    const release = () => {
      taken -= 1;
      return Promise.resolve(0);
    };
    return Promise.resolve({ uid: getuid(), gid: getgid(), release });
  },
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-hosts-'));
  taken = 0;
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('the place of a callback', () => {
  it.each(Object.entries(KINDS))(
    'that cannot be made, of %s, keeps no user id, and the next one is made',
    async (_kind, job) => {
      const attempts = join(folder, 'attempts');
      const sockets = join(folder, 'sockets');
      const hosts = callbackHosts({
        ...{ path: process.env['PATH'] ?? '', users, sandbox: undefined, attempts, sockets },
        maxWarm: 1,
      });

      await expect(hosts.take(job, 'python3')).rejects.toMatchObject({ code: 'ENOENT' });
      expect(taken).toBe(0);

      await mkdir(attempts);
      await mkdir(sockets);
      const host = await hosts.take(job, 'python3');
      expect(taken).toBe(1);
      await host.release();
      expect(taken).toBe(0);
    },
  );
});
