/**
 * Storage Commitment Push Model as SCP (PS3.4 annex J): finds out which instances of a transaction are durable,
 * and reports that on the association of the request, or else on new ones to the requester, a bounded number
 * of times. What is owed outlives this process: see OwedCommitments. A report that cannot be delivered leaves a
 * decision record.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OwedCommitment, OwedCommitments } from '../../../core/dimse/owed-commitments.ts';
import type {
  CommitmentRequest,
  CommitmentResult,
} from '../../../core/dimse/storage-commitment.ts';
import { describeStatus, statusClass } from '../../../core/dimse/status.ts';
import type { DecisionLog } from '../../admission/admission-policy.ts';
import { untilDeadline, type DeadlineOptions } from '../../ingest/deadline.ts';
import { errorName, type ListenerLog } from '../../listener-log.ts';
import type { AssociationFacts } from '../instance-receiver.ts';
import type { ReportTarget } from './report-connection.ts';
import type { SendReport } from './report-sender.ts';
import type { VerifyReferences } from './verify-references.ts';

/** The association on which the transaction was requested. */
export interface ReportChannel {
  /** The peer's status; undefined when the association ended before there was one. Does not reject. */
  report(result: CommitmentResult): Promise<number | undefined>;
}

export interface CommitmentService {
  /** False when too much is waiting already: the request is to be refused then. */
  readonly hasRoom: (references: number) => boolean;
  /** Makes the report owed, whatever becomes of this process. Throws NotKept when that was not possible. */
  accept(association: AssociationFacts, request: CommitmentRequest): Promise<OwedCommitment>;
  /** The request was answered: from here on the report may be sent. */
  begin(owed: OwedCommitment, channel: ReportChannel): void;
}

export interface CommitmentOptions {
  readonly verify: VerifyReferences;
  readonly owed: OwedCommitments;
  /** Where the source with this AE title listens; undefined when nobody has configured it. */
  readonly targetOf: (aeTitle: string) => Promise<ReportTarget | undefined>;
  readonly send: SendReport;
  readonly decisions: DecisionLog;
  readonly log: ListenerLog;
  /** Pauses before the attempts on new associations, in milliseconds. */
  readonly pausesMs?: readonly number[];
}

/** The request was not made durable, and may not be answered with Success. */
export class NotKept extends Error {
  override readonly name = 'NotKept';
}

/** To write a request down before it is answered. */
const KEEPING: DeadlineOptions = { deadlineMs: 15_000, attemptMs: 5000, isFinal: () => false };

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
  /** Id → how often it was tried. */
  readonly #held = new Map<string, number>();
  readonly #pending = new Set<Promise<void>>();
  readonly #renewal: NodeJS.Timeout;
  #references = 0;

  constructor(options: CommitmentOptions) {
    this.#options = options;
    this.#renewal = setInterval(() => {
      void this.#renewAll();
    }, options.owed.leaseMs / 3);
    this.#renewal.unref();
  }

  /** Transactions whose report is still owed. */
  get pending(): number {
    return this.#pending.size;
  }

  readonly hasRoom = (references: number): boolean =>
    !this.#stopping.signal.aborted && this.#references + references <= MAXIMUM_REFERENCES;

  async accept(association: AssociationFacts, request: CommitmentRequest): Promise<OwedCommitment> {
    const { associationId, calledAeTitle, callingAeTitle, remoteAddress } = association;
    const facts = { associationId, calledAeTitle, callingAeTitle, remoteAddress };
    const owed: OwedCommitment = { id: randomUUID(), ...facts, request, attempts: 0 };
    const { owed: store, log } = this.#options;
    try {
      const kept = await untilDeadline(() => store.keep(owed), KEEPING);
      if (!kept) throw new NotKept('it took longer than a lease');
    } catch (error) {
      log.error('a storage commitment could not be kept', { problem: errorName(error) });
      // What of it was written would be reported one day, to a peer that was told No.
      void store.settle(owed.id).catch(() => undefined);
      throw new NotKept('the request could not be written', { cause: error });
    }
    this.#hold(owed);
    return owed;
  }

  begin(owed: OwedCommitment, channel?: ReportChannel): void {
    this.#hold(owed);
    const running = this.#carryOut(owed, channel)
      .catch((error: unknown) => {
        // It stays owed: whoever takes it when the lease has ended tries again.
        this.#options.log.error('a storage commitment failed', { problem: errorName(error) });
      })
      .finally(() => {
        this.#letGo(owed);
        this.#pending.delete(running);
      });
    this.#pending.add(running);
  }

  /** Takes up what no listener holds: what others left behind when they ended. */
  async takeUp(): Promise<void> {
    const { owed, log } = this.#options;
    try {
      for (const id of await owed.free()) {
        if (!this.hasRoom(0)) return;
        const taken = await owed.take(id);
        if (taken !== undefined) this.begin(taken);
      }
    } catch (error) {
      log.error('owed storage commitments could not be looked up', { problem: errorName(error) });
    }
  }

  /** Attempts that are under way end; what is still owed then is left to the next listener. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#pending);
    clearInterval(this.#renewal);
  }

  #hold({ id, attempts, request }: OwedCommitment): void {
    if (this.#held.has(id)) return;
    this.#held.set(id, attempts);
    this.#references += request.references.length;
  }

  #letGo({ id, request }: OwedCommitment): void {
    if (this.#held.delete(id)) this.#references -= request.references.length;
  }

  async #renewAll(): Promise<void> {
    const { owed, log } = this.#options;
    await Promise.all(
      [...this.#held].map(async ([id, attempts]) => {
        try {
          await owed.hold(id, attempts);
        } catch (error) {
          log.warn('a storage commitment could not be held', { problem: errorName(error) });
        }
      }),
    );
  }

  async #carryOut(owed: OwedCommitment, channel: ReportChannel | undefined): Promise<void> {
    const { log } = this.#options;
    const { associationId } = owed;
    const result = await this.#options.verify(owed.calledAeTitle, owed.request);
    const counts = { committed: result.committed.length, failed: result.failed.length };
    log.info('storage commitment checked', { associationId, ...counts });
    const problem =
      channel === undefined ? NO_ASSOCIATION : problemOf(await channel.report(result));
    const delivered = problem === undefined || (await this.#onNewAssociation(owed, result));
    if (delivered) await this.#options.owed.settle(owed.id);
    else await this.#options.owed.release(owed.id);
  }

  /** False when it is to be left to another listener. */
  async #onNewAssociation(owed: OwedCommitment, result: CommitmentResult): Promise<boolean> {
    const { log, pausesMs = PAUSES_MS } = this.#options;
    const { associationId, id } = owed;
    let problem: Problem = 'its attempts were used up';
    // Who takes it up tries at once, and at least once.
    const first = Math.min(owed.attempts, pausesMs.length - 1);
    for (let attempt = first; attempt < pausesMs.length; attempt += 1) {
      if (attempt > first || attempt === 0) await this.#pause(pausesMs[attempt] ?? 0);
      if (this.#stopping.signal.aborted) return false;
      this.#held.set(id, attempt + 1);
      // Another one reports it now.
      if (!(await this.#options.owed.hold(id, attempt + 1))) return false;
      problem = await this.#attempt(owed, result);
      if (problem === undefined) return true;
      log.warn('a report of storage commitment was not delivered', { associationId });
      if (problem === NO_PORT) break;
    }
    await this.#giveUp(owed, problem);
    return true;
  }

  async #pause(pauseMs: number): Promise<void> {
    const { signal } = this.#stopping;
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }

  async #attempt(owed: OwedCommitment, result: CommitmentResult): Promise<Problem> {
    try {
      const target = await this.#options.targetOf(owed.callingAeTitle);
      if (target === undefined) return NO_PORT;
      const status = await this.#options.send(
        {
          ...target,
          host: owed.remoteAddress,
          calledAeTitle: owed.callingAeTitle,
          callingAeTitle: owed.calledAeTitle,
        },
        result,
      );
      return problemOf(status);
    } catch (error) {
      return error instanceof Error ? error.message : 'it could not be sent';
    }
  }

  async #giveUp(owed: OwedCommitment, problem: string): Promise<void> {
    const { associationId, calledAeTitle, callingAeTitle, remoteAddress } = owed;
    this.#options.log.error('a report of storage commitment is given up', { associationId });
    await this.#options.decisions.record(
      { associationId, calledAeTitle, callingAeTitle, remoteAddress },
      {
        code: 'commitment-not-reported',
        message:
          `The result of a storage commitment could not be reported to ${callingAeTitle} at ` +
          `${remoteAddress}: ${problem}. The instances are where they were: the sender may ask again.`,
      },
    );
  }
}

const NO_ASSOCIATION = 'it was taken up from another listener';

const NO_PORT =
  'its association had ended, and its source has no port on which it listens ' +
  '(gantry source set AETITLE --port NUMBER)';
