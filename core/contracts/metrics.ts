/**
 * Metrics of the platform's programs, by name and unit, as CloudWatch shows them: the programs emit them, alarms and
 * dashboards read them. None has anything of a patient, an AE title or a UID (invariant I).
 */
export const METRICS_NAMESPACE = 'Gantry';

/** Of the listener; dimensions: the deployment, and of refusals also the reason. */
export const LISTENER_METRICS = {
  associationsOpened: { name: 'AssociationsOpened', unit: 'Count' },
  /** By reason: result, source and reason of PS3.8 table 9-21, such as 1/1/7; `tls` for failed handshakes. */
  associationsRefused: { name: 'AssociationsRefused', unit: 'Count' },
  /** At the moment of the report. */
  associationsActive: { name: 'AssociationsActive', unit: 'Count' },
  instancesStored: { name: 'InstancesStored', unit: 'Count' },
  /** Answered with a failure; by reason: the status as four hexadecimal digits. */
  instancesRefused: { name: 'InstancesRefused', unit: 'Count' },
  /** Of data sets, as received. */
  bytesReceived: { name: 'BytesReceived', unit: 'Bytes' },
  /** Of one attempt that succeeded. */
  objectWriteTime: { name: 'ObjectWriteTime', unit: 'Milliseconds' },
  /** Instance item and touch of its group. */
  itemWriteTime: { name: 'ItemWriteTime', unit: 'Milliseconds' },
  /** Whole days until the TLS certificate expires; negative afterwards, and 0 while the TLS port has none. */
  certificateDaysLeft: { name: 'CertificateDaysLeft', unit: 'Count' },
} as const;

export type ListenerMetric = keyof typeof LISTENER_METRICS;

/** Of the functions; dimension: the deployment. The sweep reports each minute, but for what is said here. */
export const PLATFORM_METRICS = {
  /** Since the job that has waited longest in a queue was put there; 0 when none waits. */
  oldestWaitingJob: { name: 'OldestWaitingJob', unit: 'Seconds' },
  /** Since the group that is overdue longest was due; 0 when none is. */
  closingLag: { name: 'ClosingLag', unit: 'Seconds' },
  /** Messages in all dead-letter queues, those of workers that were installed later included. */
  deadLetters: { name: 'DeadLetters', unit: 'Count' },
  /** Jobs that a GPU is in use for at that minute: their sum over a day is GPU minutes. */
  gpuJobs: { name: 'GpuJobs', unit: 'Count' },
  /** Senders that sent at this time in both weeks before, and have sent nothing now; reported once an hour. */
  silentSenders: { name: 'SilentSenders', unit: 'Count' },
  /** Reported by `finish` for each session that ended so. */
  sessionsFailed: { name: 'SessionsFailed', unit: 'Count' },
} as const;

export type PlatformMetric = keyof typeof PLATFORM_METRICS;

/** Names of the dimensions. */
export const METRIC_DIMENSION = { deployment: 'Deployment', reason: 'Reason' } as const;
