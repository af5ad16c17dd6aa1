/**
 * The listener's process: settings, clients, ports; and an orderly end on SIGTERM or SIGINT, as ECS and a
 * person at a terminal send them. One JSON line on stdout says when it can be called, and where.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { documentClient, objectClient } from '../aws/clients.ts';
import { tableCache } from '../aws/cache.ts';
import { tableConfiguration } from '../aws/configuration.ts';
import { tableDeliveries } from '../aws/deliveries.ts';
import { tableGroups } from '../aws/groups.ts';
import { bucketListing } from '../aws/object-listing.ts';
import { bucketObjects } from '../aws/objects.ts';
import { tableOwedCommitments } from '../aws/owed-commitments.ts';
import { sqsQueues } from '../aws/queues.ts';
import { managedSecrets } from '../aws/secrets.ts';
import { tableStoredInstances } from '../aws/stored-instances.ts';
import { dynamoTable } from '../aws/table.ts';
import { ThrottledRefusals } from './admission/throttled-refusals.ts';
import { configuredAdmission } from './admission/configured-admission.ts';
import { tableDecisions } from './admission/decision-records.ts';
import {
  BadEnvironment,
  readSettings,
  type ListenerSettings,
  type TlsSettings,
} from './environment.ts';
import { openHashing } from './hashing/hash-thread.ts';
import { startHealth } from './health.ts';
import { diskRoom } from './ingest/disk-room.ts';
import { makeIngest } from './ingest/ingest.ts';
import { prepareSpoolDirectory } from './ingest/spool.ts';
import type { ListenerLog } from './listener-log.ts';
import { createListenerMetrics } from './observation/metrics.ts';
import { createObserver } from './observation/observer.ts';
import { reportCertificate } from './observation/certificate-report.ts';
import { DEFAULT_LIMITS, Listener } from './server.ts';
import { StorageCommitment } from './services/commitment/commitment-service.ts';
import { sendReport } from './services/commitment/report-sender.ts';
import { referenceVerifier } from './services/commitment/verify-references.ts';
import { TaskProtection } from './task-protection.ts';
import { TlsCredentials } from './tls/tls-credentials.ts';
import { tlsFiles, tlsSecret, UnusableTls } from './tls/tls-source.ts';

/** Of the 120 s that the task definition gives the container: what running associations may take of it. */
const GRACE_MS = 80_000;

/** How often it is looked whether other listeners left reports of storage commitment behind. */
const TAKE_UP_MS = 10_000;

/** After that, attempts at reports that are under way. */
const COMMITMENT_GRACE_MS = 35_000;

const listenerLog = (): ListenerLog => {
  const logger = new Logger({ serviceName: 'listener' });
  return {
    info: (message, facts = {}) => {
      logger.info(message, facts);
    },
    warn: (message, facts = {}) => {
      logger.warn(message, facts);
    },
    error: (message, facts = {}) => {
      logger.error(message, facts);
    },
  };
};

const stopSignal = (): Promise<void> =>
  new Promise((resolve) => {
    const stop = () => {
      resolve();
    };
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
  });

/** Throws UnusableTls for files that cannot be used; a secret may be filled later. */
const tlsCredentials = async (tls: TlsSettings, log: ListenerLog): Promise<TlsCredentials> => {
  const { from, reloadMs, requireClientCertificates } = tls;
  const source =
    'files' in from
      ? tlsFiles(from.files, reloadMs)
      : tlsSecret(managedSecrets(new SecretsManagerClient({})), from.secretArn, reloadMs);
  const credentials = await TlsCredentials.load(source, log, { requireClientCertificates });
  if ('files' in from && credentials.problem !== undefined) {
    throw new UnusableTls(credentials.problem);
  }
  return credentials;
};

const run = async (settings: ListenerSettings): Promise<void> => {
  const log = listenerLog();
  const clock = Date.now;
  const table = dynamoTable(documentClient(), settings.table);
  const configuration = tableConfiguration(table);
  const s3 = objectClient(process.env);
  const objects = bucketObjects(s3, settings.bucket);
  const queues = sqsQueues(new SQSClient({}));

  const credentials =
    settings.tls === undefined ? undefined : await tlsCredentials(settings.tls, log);
  const decisions = tableDecisions(table, clock, log);
  const stored = tableStoredInstances(table);
  const commitment = new StorageCommitment({
    verify: referenceVerifier({
      stored,
      objects: bucketListing(s3, settings.bucket),
      log,
    }),
    owed: tableOwedCommitments(table, randomUUID(), clock),
    targetOf: async (aeTitle) => {
      const source = await configuration.sources.get(aeTitle);
      if (source?.port === undefined) return undefined;
      const { port, certificateFingerprints: fingerprints = [] } = source;
      const tls = { credentials: credentials?.options ?? {}, fingerprints };
      return { port, tls: source.tls === true ? tls : undefined };
    },
    send: sendReport,
    decisions,
    log,
  });

  const stopping = stopSignal();
  await configuration.initialise(settings.defaultWorker);
  await prepareSpoolDirectory(settings.spoolDirectory);
  const refusals = new ThrottledRefusals(decisions);
  const write = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  const source = settings.deployment;
  const metrics = createListenerMetrics({ deployment: source, clock, write });
  const observer = createObserver({ metrics, write, clock, source });
  const hashing = openHashing(log);
  const ingest = makeIngest({
    observer,
    beginHash: hashing.begin,
    objects,
    groups: tableGroups(table, objects),
    stored,
    deliveries: tableDeliveries(table),
    cache: tableCache(table),
    sendDelivery: (message) => queues.send(settings.processorsQueueUrl, message),
    aeTitle: (name) => configuration.aeTitles.get(name),
    sendCheck: (check, delaySeconds) =>
      queues.send(settings.stabilityChecksQueueUrl, check, delaySeconds),
    spoolDirectory: settings.spoolDirectory,
    hasRoom: diskRoom({
      directory: settings.spoolDirectory,
      reserveBytes: settings.spoolReserveBytes,
      clock,
    }),
    clock,
    log,
  });
  const listener = await Listener.start({
    observer,
    host: settings.dimseHost,
    port: settings.dimsePort,
    tls:
      settings.tls === undefined || credentials === undefined
        ? undefined
        : { port: settings.tls.port, credentials },
    maximumAssociations: settings.maximumAssociations,
    limits: DEFAULT_LIMITS,
    policy: configuredAdmission(configuration, clock),
    refusals,
    commitment,
    receiver: ingest,
    log,
  });
  const health = await startHealth(settings.healthHost, settings.healthPort, () => ({
    listening: listener.listening,
    associations: listener.associations,
    tls: credentials && (listener.tlsPort === undefined ? 'closed' : 'open'),
    certificateDaysLeft: credentials?.daysLeft,
  }));
  const ready = {
    event: 'listening',
    dimsePort: listener.port,
    dimseTlsPort: listener.tlsPort,
    healthPort: health.port,
  };
  write(JSON.stringify(ready));
  observer.started();
  metrics.begin(() => ({
    associationsActive: listener.associations,
    certificateDaysLeft: credentials && (credentials.daysLeft ?? 0),
  }));
  void commitment.takeUp();
  const takingUp = setInterval(() => void commitment.takeUp(), TAKE_UP_MS);
  const reporting = credentials && reportCertificate(table, credentials, clock, log);

  const protection =
    settings.ecsAgentUri === undefined
      ? undefined
      : new TaskProtection({
          agentUri: settings.ecsAgentUri,
          associations: () => listener.associations,
          clock,
          log,
        });
  protection?.begin();

  await stopping;
  protection?.stop();
  log.info('stopping', { associations: listener.associations });
  clearInterval(takingUp);
  await listener.stop(GRACE_MS);
  await Promise.all([refusals.flush(), ingest.flush()]);
  await Promise.race([commitment.stop(), sleep(COMMITMENT_GRACE_MS)]);
  clearInterval(reporting);
  metrics.stop();
  observer.stopped();
  await hashing.close();
  await health.stop();
};

try {
  await run(readSettings(process.env));
  process.exit(0);
} catch (error) {
  const text = error instanceof BadEnvironment ? error.message : String(error);
  process.stderr.write(`listener: ${text}\n`);
  process.exit(1);
}
