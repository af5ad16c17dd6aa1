/**
 * Ids, and keys of the one table: for every kind of item a function that builds its key, and where somebody needs it
 * one that parses it. Nobody writes a key pattern elsewhere. Those of the bucket are in object-keys.ts.
 */
import { hash } from 'node:crypto';
import { dayOf, isoTime } from './day.ts';

/** Lower-case hex of a SHA-256, cut to `length` characters: ids that say nothing about a patient. */
export const shortHash = (text: string, length: number): string =>
  hash('sha256', text, 'hex').slice(0, length);

export interface TableKey {
  readonly pk: string;
  readonly sk: string;
}

const GENERATION_DIGITS = 6;
const generationText = (generation: number): string =>
  String(generation).padStart(GENERATION_DIGITS, '0');

/**
 * The id of what a job processor groups by: one per AE title, processor key and value. 20 hex characters.
 * `values` are the key's attribute values in the order of the configured `groupBy` attributes; a change of
 * `groupBy` therefore starts new keys and leaves the open groups of the old ones to end by themselves.
 */
export const groupKeyId = (
  aeTitle: string,
  groupBy: readonly string[],
  values: readonly string[],
): string => shortHash(JSON.stringify([aeTitle, groupBy, values]), 20);

/** Whether a text can be what {@link groupKeyId} gives. */
export const isGroupKeyId = (text: string): boolean => /^[0-9a-f]{20}$/.test(text);

/** A group is one generation of a key: `<keyId>-g<generation>`. Generations count from 1. */
export const groupId = (keyId: string, generation: number): string =>
  `${keyId}-g${String(generation)}`;

/** Undefined when `id` was not built by {@link groupId}. */
export const parseGroupId = (id: string): { keyId: string; generation: number } | undefined => {
  const match = /^([0-9a-f]{20})-g([1-9][0-9]{0,5})$/.exec(id);
  return match?.[1] !== undefined && match[2] !== undefined
    ? { keyId: match[1], generation: Number(match[2]) }
    : undefined;
};

/** Deterministic, so that whoever releases a group twice makes the same session. */
export const sessionId = (group: string, pipelineName: string): string =>
  `s${shortHash(JSON.stringify([group, pipelineName]), 20)}`;

/** Node ids sort in the order in which they were planned. */
export const nodeId = (index: number): string => `n${String(index).padStart(5, '0')}`;

/** A job's id names its session: `<sessionId>-<nodeId>`. */
export const jobId = (session: string, node: string): string => `${session}-${node}`;

/** Undefined when `id` was not built by {@link jobId}. */
export const parseJobId = (id: string): { sessionId: string; nodeId: string } | undefined => {
  const match = /^(s[0-9a-f]{20})-(n[0-9]{5})$/.exec(id);
  return match?.[1] !== undefined && match[2] !== undefined
    ? { sessionId: match[1], nodeId: match[2] }
    : undefined;
};

/** Execution names stay taken for 90 days: each start of a session or a job has a run number of its own. */
export const executionName = (id: string, run: number): string => `${id}-r${String(run)}`;

/** Undefined when `name` was not built by {@link executionName}. */
export const parseExecutionName = (name: string): { id: string; run: number } | undefined => {
  const match = /^(s[0-9a-f]{20}(?:-n[0-9]{5})?)-r([1-9][0-9]*)$/.exec(name);
  return match?.[1] !== undefined && match[2] !== undefined
    ? { id: match[1], run: Number(match[2]) }
    : undefined;
};

/** 24 hex characters, the shape of the ids that dcm-processor's packages know as `_id`. */
export const documentId = (...parts: readonly string[]): string =>
  shortHash(JSON.stringify(parts), 24);

/** Of an instance that a site's processor is owed; the same for each who stores it. */
export const instanceDeliveryId = (keyId: string, sopInstanceUid: string, sha256: string): string =>
  `d${shortHash(JSON.stringify(['instance', keyId, sopInstanceUid, sha256]), 24)}`;

/** Of a timer: one per AE title, processor and key. */
export const timerDeliveryId = (aeTitle: string, processor: string, timerKey: string): string =>
  `d${shortHash(JSON.stringify(['timer', aeTitle, processor, timerKey]), 24)}`;

/** How much of a data set's SHA-256 tells two versions of one SOP instance apart in keys. */
export const INSTANCE_HASH_LENGTH = 16;

/** One version of a SOP instance in the set that its StoredInstanceItem has. */
export const storedVersion = (keyId: string, sha256: string): string => `${keyId}#${sha256}`;

/** The parts of what {@link storedVersion} built. */
export const parseStoredVersion = (version: string): { keyId: string; sha256: string } => {
  const [keyId = '', sha256 = ''] = version.split('#');
  return { keyId, sha256 };
};

export const tableKeys = {
  group: (keyId: string, generation: number): TableKey => ({
    pk: `K#${keyId}`,
    sk: `G#${generationText(generation)}`,
  }),
  groupPrefix: 'G#',
  instance: (keyId: string, sopInstanceUid: string, sha256: string): TableKey => ({
    pk: `K#${keyId}`,
    sk: `I#${sopInstanceUid}#${sha256.slice(0, INSTANCE_HASH_LENGTH)}`,
  }),
  instancePrefix: 'I#',
  /** What of the key was handed over to the reclaimer. */
  handOver: (keyId: string, id: string): TableKey => ({ pk: `K#${keyId}`, sk: `R#${id}` }),
  /** Counts whoever begins to use instances of the key; the reclaimer takes nothing if it counted on. */
  useFence: (keyId: string): TableKey => ({ pk: `K#${keyId}`, sk: 'FENCE' }),
  use: (keyId: string, session: string): TableKey => ({ pk: `K#${keyId}`, sk: `USE#${session}` }),
  usePrefix: 'USE#',
  /** Where the item of an instance is, for who knows only its SOP Instance UID: see StoredInstanceItem. */
  storedInstance: (aeTitle: string, sopInstanceUid: string): TableKey => ({
    pk: `I#${aeTitle}#${sopInstanceUid}`,
    sk: 'VERSIONS',
  }),
  unroutedPartition: (aeTitle: string): string => `U#${aeTitle}`,
  unroutedPrefix: (sopInstanceUid: string): string => `I#${sopInstanceUid}#`,
  unrouted: (aeTitle: string, sopInstanceUid: string, sha256: string): TableKey => ({
    pk: `U#${aeTitle}`,
    sk: `I#${sopInstanceUid}#${sha256.slice(0, INSTANCE_HASH_LENGTH)}`,
  }),
  ignored: (aeTitle: string, sopClassUid: string): TableKey => ({
    pk: `AE#${aeTitle}`,
    sk: `IGNORED#${sopClassUid}`,
  }),
  ignoredPrefix: 'IGNORED#',
  /** What a site's processor is owed, and what it keeps for a key of its own. */
  delivery: (id: string): TableKey => ({ pk: `DELIVERY#${id}`, sk: 'META' }),
  processorState: (aeTitle: string, processor: string, key: string): TableKey => ({
    pk: `PROCESSOR#${aeTitle}#${processor}`,
    sk: `K#${key}`,
  }),
  cachedSeries: (aeTitle: string, study: string, series: string): TableKey => ({
    pk: `CACHE#${aeTitle}`,
    sk: `S#${study}#${series}`,
  }),
  cachedSeriesPrefix: 'S#',
  cachedStudyPrefix: (study: string): string => `S#${study}#`,
  session: (id: string): TableKey => ({ pk: `S#${id}`, sk: 'META' }),
  sessionPartition: (id: string): string => `S#${id}`,
  /** Who resets the graph: see aws/graph-writes.ts. */
  plannerLane: (session: string, lane: number): TableKey => ({
    pk: `S#${session}`,
    sk: `PLANNER#${String(lane)}`,
  }),
  /** See RenewedCredentials. */
  taskCredentials: (session: string, node: string): TableKey => ({
    pk: `S#${session}`,
    sk: `T#${node}`,
  }),
  /** Session data of service code: one value per job name, event, object and value name. */
  sessionData: (session: string, event: string, job: string, object: string, name: string) => ({
    pk: `S#${session}`,
    sk: `V#${JSON.stringify([event, job, object, name])}`,
  }),
  sessionDataPrefix: 'V#',
  /** Until when the data of an ended session are kept. */
  keptSessionData: (session: string): TableKey => ({ pk: `S#${session}`, sk: 'KEPT' }),
  /** Which groups and sessions a study is in. */
  studyIndex: (studyInstanceUid: string, kind: 'G' | 'S', id: string): TableKey => ({
    pk: `STUDY#${studyInstanceUid}`,
    sk: `${kind}#${id}`,
  }),
  studyPartition: (studyInstanceUid: string): string => `STUDY#${studyInstanceUid}`,
  /** Which released groups have images of a patient, or of an accession. */
  patientPartition: (patientId: string): string => `PATIENT#${shortHash(patientId, 32)}`,
  accessionPartition: (number: string): string => `ACCESSION#${shortHash(number, 32)}`,
  groupEntry: (partition: string, group: string): TableKey => ({
    pk: partition,
    sk: `G#${group}`,
  }),
  configuration: (
    kind: 'AE' | 'SOURCE' | 'PIPELINE' | 'DESTINATION' | 'SERVICE' | 'WORKER',
    name: string,
  ): TableKey => ({ pk: 'CONFIG', sk: `${kind}#${name}` }),
  configurationPartition: 'CONFIG',
  /** Counts the changes of the configuration as a whole: each is made to what it was read against. */
  configurationRevision: { pk: 'CONFIG', sk: 'REVISION' },
  serviceVersion: (service: string, hash: string): TableKey => ({
    pk: `SERVICE#${service}`,
    sk: `V#${hash}`,
  }),
  workerVersion: (worker: string, hash: string): TableKey => ({
    pk: `WORKER#${worker}`,
    sk: `V#${hash}`,
  }),
  /** See WorkerImage. */
  workerImage: (worker: string, hash: string): TableKey => ({
    pk: `WORKER#${worker}`,
    sk: `I#${hash}`,
  }),
  /** See WorkerEnvironment. */
  workerEnvironment: (worker: string, hash: string): TableKey => ({
    pk: `WORKER#${worker}`,
    sk: `E#${hash}`,
  }),
  runner: (worker: string, runnerId: string): TableKey => ({
    pk: `POOL#${worker}`,
    sk: `R#${runnerId}`,
  }),
  runnerPrefix: 'R#',
  /** See TaskPlace. */
  taskPlace: (worker: string, place: string): TableKey => ({
    pk: `POOL#${worker}`,
    sk: `T#${place}`,
  }),
  taskPlacePrefix: 'T#',
  poolLock: (worker: string): TableKey => ({ pk: `POOL#${worker}`, sk: 'LOCK' }),
  poolPartition: (worker: string): string => `POOL#${worker}`,
  /** Of the listener's TLS port: see CertificateItem. */
  listenerCertificate: { pk: 'LISTENER', sk: 'CERTIFICATE' },
  /** Who usually sends when: see core/operations/sender-habits.ts. */
  senderHabits: { pk: 'OPERATIONS', sk: 'SENDER-HABITS' },
  /** The latest: see StorageAuditItem. */
  storageAudit: { pk: 'OPERATIONS', sk: 'STORAGE-AUDIT' },
  /** See OwedCommitmentItem; without an id, what the sort keys of all begin with. */
  owedCommitment: (id: string): TableKey => ({ pk: 'COMMITMENT', sk: `C#${id}` }),
  owedReferencesPartition: (id: string): string => `COMMITMENT#${id}`,
  owedReferencesPrefix: 'R#',
  owedReferences: (id: string, piece: number): TableKey => ({
    pk: `COMMITMENT#${id}`,
    sk: `R#${String(piece).padStart(4, '0')}`,
  }),
  /** `at`: milliseconds since the epoch. */
  decision: (at: number, id: string): TableKey => ({
    pk: tableKeys.decisionPartition(dayOf(at)),
    sk: `${isoTime(at)}#${id}`,
  }),
  /** Of a day (UTC, `YYYY-MM-DD`), with which its sort keys begin as well. */
  decisionPartition: (day: string): string => `DECISION#${day}`,
} as const;

/** Deliveries come and go with every instance: one partition of the index would be too slow for them. */
const DELIVERY_SHARDS = ['0', '1', '2', '3', '4', '5', '6', '7'] as const;

/** Partitions of the {@link STATE_INDEX}; the sort key is an ISO 8601 time with milliseconds. */
export const stateIndexKeys = {
  group: (state: string): string => `GROUP#${state}`,
  session: (state: string): string => `SESSION#${state}`,
  unrouted: 'UNROUTED',
  /** Released groups whose instances are deleted: they are of no interest to a retention any more. */
  reclaimedGroup: 'GROUP#RECLAIMED',
  handOver: 'RECLAIM#HAND-OVER',
  doomedUnrouted: 'RECLAIM#UNROUTED',
  pendingDelivery: (id: string): string =>
    `DELIVERY#PENDING#${DELIVERY_SHARDS[Number.parseInt(id.slice(-1), 16) % DELIVERY_SHARDS.length] ?? '0'}`,
  pendingDeliveries: DELIVERY_SHARDS.map((shard) => `DELIVERY#PENDING#${shard}`),
  parkedDelivery: 'DELIVERY#PARKED',
  /** By the time until when they are kept. */
  keptSessionData: 'KEPT-SESSION-DATA',
} as const;
