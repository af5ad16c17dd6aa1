/**
 * Planning against an emulated AWS: the stores, the bucket and a registry function with its layer are real to
 * the plan Lambda; only the token is answered into a list.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { LambdaClient, PublishLayerVersionCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { tableConfiguration } from '../../../aws/configuration.ts';
import { tableGroups } from '../../../aws/groups.ts';
import { lambdaFunctions } from '../../../aws/functions.ts';
import { registryFunctions } from '../../../aws/registry-functions.ts';
import { tableSessions } from '../../../aws/sessions.ts';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import type { ObjectStore } from '../../../core/contracts/ports.ts';
import type { SessionStore } from '../../../core/running/session-store.ts';
import { makeHandler } from '../../../lambdas/plan/handler.ts';
import { aJob, aManifest, aSeries, aService, START } from '../../core/planning/factories.ts';
import { aRecord, aSession } from './fakes.ts';
import { startEmulator, type Emulator } from '../../support/emulator.ts';

/** The emulator starts in seconds, unless the computer has much else to do. */
const START_MS = 60_000;

const REGISTRY = join(import.meta.dirname, '../../../lambdas/registry');

/** What it does is told by the job's parameters. */
const CALLBACK = `
import os, sys, time

def callback(session_id, job_name, headers, added_params, params):
    print("asked about", job_name, "x" * 200_000)
    what = params.get("what", "run")
    if what == "throw":
        raise RuntimeError("thrown")
    if what == "exit":
        os._exit(3)
    if what == "mr":
        return headers["Metadata"].get("Modality") == "MR"
    return True, {"day": headers["CreatedAt"].day, "before": sorted(added_params)}
`;

const zipped = async (files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> => {
  const archive = new ZipFile();
  for (const [name, content] of Object.entries(files))
    archive.addBuffer(Buffer.from(content), name);
  archive.end();
  return buffer(archive.outputStream);
};

const MANIFEST = aManifest({
  series: ['CT', 'MR', 'MR'].map((Modality, index) =>
    aSeries({ seriesInstanceUid: `1.1.${index + 1}`, attributes: { Modality } }),
  ),
});

describe('planning in the emulated cloud', () => {
  let emulator: Emulator;
  let sessions: SessionStore;
  let objects: ObjectStore;
  let handler: ReturnType<typeof makeHandler>;
  const told: { token: string; output: unknown }[] = [];

  const request = (sessionId: string) => ({
    Records: [aRecord(JSON.stringify({ sessionId, run: 1, token: `token-${sessionId}` }))],
  });

  const aStoredSession = async (id: string): Promise<string> => {
    await sessions.createSession(aSession({ id }));
    return id;
  };

  beforeAll(async () => {
    emulator = await startEmulator();
    const table = await emulator.createTable('plans');
    const bucket = await emulator.createBucket('plans');
    const client = new LambdaClient(emulator.connection);
    objects = bucket.objects;
    sessions = tableSessions(table);

    const programs = ['gantry_registry.py', 'gantry_callback.py'];
    const layer = await client.send(
      new PublishLayerVersionCommand({
        LayerName: 'registry',
        Content: {
          ZipFile: await zipped(
            Object.fromEntries(
              await Promise.all(
                programs.map(
                  async (name) => [`python/${name}`, await readFile(join(REGISTRY, name))] as const,
                ),
              ),
            ),
          ),
        },
      }),
    );
    const code = await zipped({ 'service_registry/__init__.py': CALLBACK });
    await objects.put('code.zip', code, { length: code.length, contentType: 'application/zip' });
    await registryFunctions(client, {
      bucket: 'plans',
      layerArn: layer.LayerVersionArn ?? '',
      roleArn: 'arn:aws:iam::000000000000:role/registry',
      logGroup: '/plans/registry',
      architecture: 'x86_64',
    }).ensure('registry-one', 'code.zip', 'for this test');

    const configuration = tableConfiguration(table);
    const service = aService('one', [
      aJob('measure'),
      aJob('mr-only', { params: { what: 'mr' } }),
      aJob('after-mr', { dependsOn: ['mr-only'] }),
      aJob('thrower', { params: { what: 'throw' } }),
      aJob('exiter', { params: { what: 'exit' } }),
      aJob('report', { events: ['stable-study'] }),
    ]);
    await configuration.services.put(service.name, service);
    await objects.putJson(objectKeys.groupManifest(MANIFEST.groupId), MANIFEST);

    handler = makeHandler({
      sessions,
      objects,
      decisions: tableGroups(table, objects),
      configuration,
      functions: lambdaFunctions(client),
      executions: {
        succeed: (token, output) => {
          told.push({ token, output });
          return Promise.resolve(true);
        },
        fail: () => Promise.resolve(true),
      },
      clock: () => START,
      logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    });
  }, START_MS);

  afterAll(async () => {
    await emulator.stop();
  });

  it(
    'stores the graph that the callbacks’ answers make, and turns the session RUNNING',
    { timeout: START_MS },
    async () => {
      const id = await aStoredSession('s00000000000000000001');

      expect(await handler(request(id))).toEqual({ batchItemFailures: [] });

      expect(told).toEqual([{ token: `token-${id}`, output: { sessionId: id, jobs: 8 } }]);
      expect(await sessions.getSession(id)).toMatchObject({ state: 'RUNNING', startedAt: START });
      const jobs = await sessions.getJobs(id);
      const counts = Object.groupBy(jobs, ({ name, state }) => `${name} ${state}`);
      expect(
        Object.fromEntries(Object.entries(counts).map(([key, of]) => [key, of?.length])),
      ).toEqual({
        'pre-services WAITING': 1,
        'measure WAITING': 3,
        'mr-only WAITING': 2,
        'mr-only SKIPPED': 1,
        'after-mr WAITING': 2,
        'after-mr SKIPPED': 1,
        'thrower SKIPPED': 3,
        'exiter SKIPPED': 3,
        'report WAITING': 1,
        'post-services WAITING': 1,
      });
      expect(jobs.find(({ name }) => name === 'thrower')).toMatchObject({
        broken: true,
        error: { type: 'RuntimeError', message: 'thrown' },
      });
      expect(jobs.find(({ name }) => name === 'exiter')?.error?.message).toBe(
        'the callback ended its process with status 3',
      );
      const edges = await sessions.getEdges(id);
      for (const { nodeId, waiting } of jobs) {
        expect(edges.filter(({ to }) => to === nodeId)).toHaveLength(waiting);
      }
      const mr = jobs.find(({ name, state }) => name === 'after-mr' && state === 'WAITING');
      expect(await objects.getJson(objectKeys.sessionObject(id, mr?.objectId ?? ''))).toMatchObject(
        {
          addedParams: {
            measure: { day: 4, before: [] },
            'mr-only': {},
            'after-mr': { before: ['measure', 'mr-only'] },
          },
        },
      );
    },
  );

  it(
    'stores one graph when three plan the session at the same time',
    { timeout: START_MS },
    async () => {
      const id = await aStoredSession('s00000000000000000002');

      const answers = await Promise.all([1, 2, 3].map(() => handler(request(id))));
      await handler(request(id));

      expect(answers.some(({ batchItemFailures }) => batchItemFailures.length === 0)).toBe(true);
      expect(await sessions.getSession(id)).toMatchObject({ state: 'RUNNING' });
      const [jobs, edges] = await Promise.all([sessions.getJobs(id), sessions.getEdges(id)]);
      const sealed = await objects.getJson(objectKeys.sessionPlan(id));
      expect({ jobs, edges: edges.length }).toMatchObject({
        jobs: (sealed as { jobs: unknown[] }).jobs,
        edges: (sealed as { edges: unknown[] }).edges.length,
      });
    },
  );
});
