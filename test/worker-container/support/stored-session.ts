/** A planned session as the platform stores one before its jobs run: group, objects, module, graph. */
import { randomBytes } from 'node:crypto';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import type { GroupManifest, JobItem, SessionItem } from '../../../core/contracts/items.ts';
import { groupId, jobId, nodeId, sessionId } from '../../../core/contracts/keys.ts';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import {
  LEVEL_OF_EVENT,
  type Priority,
  type StableEvent,
} from '../../../core/contracts/vocabulary.ts';
import { describeGroup } from '../../../core/planning/documents.ts';
import type { EmulatedCloud } from './emulated-cloud.ts';
import { WORKER } from './emulated-cloud.ts';
import { part10File, SECONDARY_CAPTURE } from './part10-file.ts';

const SENDER = 'CT01';

/** A folder as the module archive of a service; its hash names the version. */
export const storeModule = async (
  cloud: EmulatedCloud,
  service: string,
  folder: string,
): Promise<string> => {
  const zip = new ZipFile();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(folder, name);
    const { mode } = statSync(path);
    if (statSync(path).isFile() && !name.includes('__pycache__')) {
      zip.addBuffer(readFileSync(path), name, { mode, mtime: new Date(0) });
    }
  }
  zip.end();
  const bytes = await buffer(zip.outputStream);
  const hash = createHash('sha256').update(bytes).digest('hex');
  await cloud.objects.put(objectKeys.serviceModule(service, hash), bytes, {
    length: bytes.length,
    contentType: 'application/zip',
  });
  return hash;
};

export interface JobOfSession {
  readonly name: string;
  readonly entry: string;
  readonly event?: StableEvent;
  /** Which object of its level: the first unless told. */
  readonly object?: number;
  readonly timeoutSeconds?: number;
  readonly params?: Record<string, unknown>;
  readonly priority?: Priority;
  readonly keepWarm?: JobItem['keepWarm'];
  readonly retry?: JobItem['retry'];
  /** A stored version of a worker, as whose jobs the runners of the default one run it. */
  readonly worker?: { readonly name: string; readonly hash: string };
}

/** One study of two series of two instances each, and the jobs QUEUED in their first run. */
export const storeSession = async (
  cloud: EmulatedCloud,
  module: { readonly service: string; readonly hash: string },
  jobs: readonly JobOfSession[],
) => {
  const unique = BigInt(`0x${randomBytes(8).toString('hex')}`).toString();
  const study = `2.25.${unique}`;
  const keyId = randomBytes(10).toString('hex');
  const group = groupId(keyId, 1);
  const id = sessionId(group, 'default');
  const now = Date.now();
  const series: GroupManifest['series'] = [];
  for (const number of [1, 2]) {
    const seriesInstanceUid = `${study}.${number}`;
    const instances = [];
    for (const index of [1, 2]) {
      const sop = `${seriesInstanceUid}.${index}`;
      const { bytes, sha256 } = part10File({ sop, study, series: seriesInstanceUid });
      const objectKey = objectKeys.instance('GANTRY', study, seriesInstanceUid, sop, sha256, {
        keyId,
      });
      await cloud.objects.put(objectKey, bytes, {
        length: bytes.length,
        contentType: 'application/dicom',
      });
      instances.push({
        sopInstanceUid: sop,
        sopClassUid: SECONDARY_CAPTURE,
        transferSyntaxUid: '1.2.840.10008.1.2.1',
        objectKey,
        size: bytes.length,
        sha256,
        receivedAt: now,
        callingAeTitle: SENDER,
      });
    }
    series.push({
      patientId: 'P1',
      issuerOfPatientId: '',
      studyInstanceUid: study,
      seriesInstanceUid,
      attributes: { PatientName: 'Roe^Richard', Modality: 'OT' },
      instances,
    });
  }
  const manifest: GroupManifest = {
    groupId: group,
    aeTitle: 'GANTRY',
    groupBy: ['PatientID'],
    sealedAt: now,
    series,
  };
  await cloud.objects.putJson(objectKeys.groupManifest(group), manifest);

  const patients = describeGroup(manifest);
  const studies = patients.flatMap((patient) => patient.studies);
  const objects = {
    patient: patients,
    study: studies,
    series: studies.flatMap((one) => one.series),
  };
  const items = jobs.map((job, index): JobItem => {
    const { event = 'stable-series' } = job;
    const level = LEVEL_OF_EVENT[event];
    const object = objects[level][job.object ?? 0];
    if (object === undefined) throw new Error('no such object');
    return {
      id: jobId(id, nodeId(index)),
      sessionId: id,
      nodeId: nodeId(index),
      kind: 'job',
      name: job.name,
      state: 'WAITING',
      waiting: 0,
      dependsOn: [],
      priority: job.priority ?? 'normal',
      service: module.service,
      serviceHash: module.hash,
      worker: job.worker?.name ?? WORKER,
      ...(job.worker === undefined ? {} : { workerHash: job.worker.hash }),
      workerEntry: job.entry,
      event,
      object: { level, uid: object.uid },
      objectId: object.objectId,
      timeoutSeconds: job.timeoutSeconds ?? 60,
      ...(job.keepWarm === undefined ? {} : { keepWarm: job.keepWarm }),
      ...(job.retry === undefined ? {} : { retry: job.retry }),
      run: 0,
      attempt: 0,
      lostAttempts: 0,
    };
  });
  for (const event of ['stable-series', 'stable-study', 'stable-patient'] as const) {
    for (const object of objects[LEVEL_OF_EVENT[event]]) {
      await cloud.objects.putJson(objectKeys.sessionObject(id, object.objectId), {
        ...{ sessionId: id, objectId: object.objectId, level: object.level, uid: object.uid },
        ...{ event, headers: object.headers, addedParams: { earlier: { seen: true } } },
        params: Object.fromEntries(jobs.map((job) => [job.name, job.params ?? {}])),
      });
    }
  }
  const session: SessionItem = {
    id,
    groupId: group,
    aeTitle: 'GANTRY',
    pipeline: 'default',
    pipelineName: 'default',
    priority: 'normal',
    state: 'PLANNING',
    run: 1,
    createdAt: now,
    studies: [study],
    instanceCount: 4,
  };
  await cloud.store.createSession(session);
  await cloud.store.storePlan(session, items, [], now);
  for (const item of items) await cloud.store.queueJob(id, item.nodeId, now);
  return {
    sessionId: id,
    manifest,
    objects,
    job: (index: number): Promise<JobItem | undefined> => cloud.store.getJob(id, nodeId(index)),
    /** Sends the first run of a job to its queue; the answer tells how its execution stands. */
    dispatch: (index: number, run = 1) =>
      cloud.dispatch({
        sessionId: id,
        jobId: jobId(id, nodeId(index)),
        run,
        priority: items[index]?.priority ?? 'normal',
      }),
  };
};
export type StoredSession = Awaited<ReturnType<typeof storeSession>>;
