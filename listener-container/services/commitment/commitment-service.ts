/**
 * Storage Commitment Push Model as SCP (PS3.4 annex J): finds out which instances of a transaction are durable,
 * and reports that on the association of the request, or else on new ones to the requester, a bounded number
 * of times. A report that cannot be delivered leaves a decision record.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  CommitmentRequest,
  CommitmentResult,
} from '../../../core/dimse/storage-commitment.ts';
import { describeStatus, statusClass } from '../../../core/dimse/status.ts';
import type { DecisionLog } from '../../admission/admission-policy.ts';
import { errorName, type ListenerLog } from '../../listener-log.ts';
import type { AssociationFacts } from '../instance-receiver.ts';
import type { ReportPeer, SendReport } from './report-sender.ts';
import type { VerifyReferences } from './verify-references.ts';

/** The association on which the transaction was requested. */
export interface ReportChannel {
  /** The peer's status; undefined when the association ended before there was one. Does not reject. */
  report(result: CommitmentResult): Promise<number | undefined>;
}

export interface CommitmentService {
  /** False when too much is waiting already: the request is to be refused then. */
  readonly hasRoom: (references: number) => boolean;
  /** The request was answered with Success: from here on the report is owed. */
  begin(association: AssociationFacts, request: CommitmentRequest, channel: ReportChannel): void;
}

export interface CommitmentOptions {
  readonly verify: VerifyReferences;
  /** Where the source with this AE title listens; undefined when nobody has configured it. */
  readonly portOf: (aeTitle: string) => Promise<number | undefined>;
  readonly send: SendReport;
  readonly decisions: DecisionLog;
  readonly log: ListenerLog;
  /** Pauses before the attempts on new associations, in milliseconds. */
  readonly pausesMs?: readonly number[];
}

/** Twenty minutes in all: a modality that reboots is back by then. */
const PAUSES_MS: readonly number[] = [0, 5000, 30_000, 120_000, 300_000, 720_000];

/** Of all transactions that wait: about 60 MB. */
const MAXIMUM_REFERENCES = 200_000;

/** What became of an attempt: undefined when the report is delivered. */
type Problem = string | undefined;

const problemOf = (status: number | undefined): Problem => {
  if (status === undefined) return 'the association ended before it was answered';
  // An unknown status is a failure; a warning says that the report has arrived.
  return statusClass(status) === 'failure'
    ? `it was answered with ${describeStatus(status)}`
    : undefined;
};

export class StorageCommitment implements CommitmentService {
  readonly #options: CommitmentOptions;
  readonly #stopping = new AbortController();
  readonly #pending = new Set<Promise<void>>();
  #references = 0;

  constructor(options: CommitmentOptions) {
    this.#options = options;
  }

  /** Transactions whose report is still owed. */
  get pending(): number {
    return this.#pending.size;
  }

  readonly hasRoom = (references: number): boolean =>
    !this.#stopping.signal.aborted && this.#references + references <= MAXIMUM_REFERENCES;

  begin(association: AssociationFacts, request: CommitmentRequest, channel: ReportChannel): void {
    this.#references += request.references.length;
    const running = this.#carryOut(association, request, channel)
      .catch((error: unknown) => {
        this.#options.log.error('a storage commitment failed', { problem: errorName(error) });
        return this.#giveUp(association, 'an internal fault kept it from being sent');
      })
      .finally(() => {
        this.#references -= request.references.length;
        this.#pending.delete(running);
      });
    this.#pending.add(running);
  }

  /** Each report that is still owed is tried once more, at once; resolves when all have ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#pending);
  }

  async #carryOut(
    association: AssociationFacts,
    request: CommitmentRequest,
    channel: ReportChannel,
  ): Promise<void> {
    const { log } = this.#options;
    const { calledAeTitle, associationId } = association;
    const result = await this.#options.verify(calledAeTitle, request);
    const counts = { committed: result.committed.length, failed: result.failed.length };
    log.info('storage commitment checked', { associationId, ...counts });
    const problem = problemOf(await channel.report(result));
    if (problem !== undefined) await this.#onNewAssociation(association, result, problem);
  }

  async #onNewAssociation(
    association: AssociationFacts,
    result: CommitmentResult,
    firstProblem: string,
  ): Promise<void> {
    const { log, pausesMs = PAUSES_MS } = this.#options;
    const { associationId } = association;
    let lastProblem = firstProblem;
    for (const pauseMs of pausesMs) {
      const stopped = this.#stopping.signal.aborted;
      if (!stopped) await this.#pause(pauseMs);
      const problem = await this.#attempt(association, result);
      if (problem === undefined) return;
      lastProblem = problem;
      log.warn('a report of storage commitment was not delivered', { associationId });
      // What was owed when the listener began to stop has had its last attempt.
      if (stopped || problem === NO_PORT) break;
    }
    await this.#giveUp(association, lastProblem);
  }

  async #pause(pauseMs: number): Promise<void> {
    const { signal } = this.#stopping;
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }

  async #attempt(association: AssociationFacts, result: CommitmentResult): Promise<Problem> {
    try {
      const port = await this.#options.portOf(association.callingAeTitle);
      if (port === undefined) return NO_PORT;
      const peer: ReportPeer = {
        host: association.remoteAddress,
        port,
        calledAeTitle: association.callingAeTitle,
        callingAeTitle: association.calledAeTitle,
      };
      return problemOf(await this.#options.send(peer, result));
    } catch (error) {
      return error instanceof Error ? error.message : 'it could not be sent';
    }
  }

  async #giveUp(association: AssociationFacts, problem: string): Promise<void> {
    const { callingAeTitle, remoteAddress } = association;
    this.#options.log.error('a report of storage commitment is given up', {
      associationId: association.associationId,
    });
    await this.#options.decisions.record(association, {
      code: 'commitment-not-reported',
      message:
        `The result of a storage commitment could not be reported to ${callingAeTitle} at ` +
        `${remoteAddress}: ${problem}. The instances are where they were: the sender may ask again.`,
    });
  }
}

const NO_PORT =
  'its association had ended, and its source has no port on which it listens ' +
  '(gantry source set AETITLE --port NUMBER)';
