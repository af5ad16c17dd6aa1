/** What a job tells of its transfers: a record of its session, or a refusal that names what is missing. */
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DecisionRecord } from '../../../core/contracts/items.ts';
import { senderPeer, type JobAccess } from '../../../worker-container/endpoint/job-access.ts';
import { jobEndpoint, type JobDoor } from '../../../worker-container/endpoint/job-endpoint.ts';

const ACCESS: JobAccess = {
  sessionId: 's1',
  jobId: 's1-n00001',
  writer: { nodeId: 'n00001', attempt: 1 },
  jobName: 'report',
  event: 'stable-study',
  objectId: '1',
  eventOfObject: new Map(),
  series: new Map(),
  peer: senderPeer('0123', 'CT01'),
  spoolFolder: '',
};
const TRANSFER = { aeTitle: 'PACS', host: '10.0.0.7', port: 104, established: true };

let folder: string;
let door: JobDoor;
let records: DecisionRecord[];

const unused = () => Promise.reject(new Error('not of this test'));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-door-'));
  records = [];
  const endpoint = jobEndpoint({
    store: {} as Parameters<typeof jobEndpoint>[0]['store'],
    objects: {} as Parameters<typeof jobEndpoint>[0]['objects'],
    peers: { find: unused },
    decisions: {
      recordDecision: (record) => {
        records.push(record);
        return Promise.resolve();
      },
    },
    clock: () => 1_000_000,
    onFailure: (error) => {
      throw error;
    },
  });
  door = await endpoint.open(ACCESS, folder, undefined);
});

afterEach(async () => {
  await door.close();
  await rm(folder, { recursive: true });
});

const post = (body: unknown) =>
  new Promise<{ status: number | undefined; answer: unknown }>((resolve, reject) => {
    const { socketPath, token } = door;
    const headers = { authorization: `Bearer ${token}` };
    request({ socketPath, path: '/transfers', method: 'POST', headers }, (response) => {
      json(response).then((answer) => {
        resolve({ status: response.statusCode, answer });
      }, reject);
    })
      .on('error', reject)
      .end(JSON.stringify(body));
  });

describe('a transfer', () => {
  it.each([
    [{ stored: 3, failed: 0 }, 'results-sent', 'sent 3 instances, and all were stored'],
    [{ stored: 0, failed: 1 }, 'results-not-sent', 'sent 1 instance, and 1 of them was not stored'],
    [
      { established: false, stored: 0, failed: 0 },
      'results-not-sent',
      'sent nothing, because there was no association',
    ],
  ])('%j is on record as %s', async (facts, code, outcome) => {
    const { status } = await post({ ...TRANSFER, ...facts });

    expect(status).toBe(200);
    expect(records).toEqual([
      {
        ...{ id: expect.any(String) as string, at: 1_000_000, code },
        ...{ sessionId: 's1', jobId: 's1-n00001' },
        message: `to PACS at 10.0.0.7:104 the job "report" ${outcome}`,
      },
    ]);
  });

  it('without its figures is refused with their names', async () => {
    const { status, answer } = await post({ aeTitle: 'PACS' });

    expect(status).toBe(400);
    expect(answer).toEqual({ message: expect.stringContaining('stored, failed') as string });
    expect(records).toEqual([]);
  });
});
