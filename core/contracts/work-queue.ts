/** What every work queue is like, whether it was deployed or made when its worker was installed. */

export const WORK_QUEUE = {
  /** A runner extends its lease while it works; a dead runner's job comes back after this long. */
  leaseSeconds: 120,
  /** The job item counts lost attempts and gives up at the third; the dead-letter queue is the net below it. */
  maxReceives: 10,
  /** How long a message may wait: SQS's longest. Token waits end before (see the state machines). */
  retentionSeconds: 14 * 86_400,
} as const;
