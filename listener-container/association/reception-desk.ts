/**
 * Where associations are let in or turned away, whatever the reason: the application context, a listener that
 * is full or stopping, the admission policy. Every refusal is recorded; who is let in leaves again.
 */
import { DICOM_APPLICATION_CONTEXT, type AssociateReject } from '../../core/upper-layer/pdu.ts';
import { REJECTION } from '../../core/upper-layer/reject.ts';
import type {
  AdmissionPolicy,
  AssociationAttempt,
  Grant,
  Refusal,
  RefusalLog,
  Verdict,
} from '../admission/admission-policy.ts';
import { quoted } from '../admission/quoted-title.ts';
import { errorName, type ListenerLog } from '../listener-log.ts';
import { NO_OBSERVER, type ListenerObserver } from '../observation/observer.ts';

export type Admission =
  { readonly rejection: AssociateReject } | { readonly grant: Grant; readonly leave: () => void };

export interface Reception {
  ask(attempt: AssociationAttempt, applicationContext: string): Promise<Admission>;
  /** It is rejected without being asked for; resolves when that is on record. Does not reject. */
  refused(attempt: AssociationAttempt, refusal: Refusal): Promise<void>;
}

export interface ReceptionDeskOptions {
  readonly policy: AdmissionPolicy;
  readonly refusals: RefusalLog;
  readonly maximumAssociations: number;
  readonly log: ListenerLog;
  readonly observer?: ListenerObserver;
}

export class ReceptionDesk implements Reception {
  readonly #options: ReceptionDeskOptions;
  readonly #observer: ListenerObserver;
  #present = 0;
  /** By calling AE title. */
  readonly #bySource = new Map<string, number>();
  #closing = false;
  #onQuiet: (() => void) | undefined;

  constructor(options: ReceptionDeskOptions) {
    this.#options = options;
    this.#observer = options.observer ?? NO_OBSERVER;
  }

  /** Associations that were let in and have not left. */
  get present(): number {
    return this.#present;
  }

  /** From now on everybody is turned away for the time being. */
  close(): void {
    this.#closing = true;
  }

  async ask(attempt: AssociationAttempt, applicationContext: string): Promise<Admission> {
    // The place is taken before the policy is asked, or many at once would all find it free.
    const full = this.#present >= this.#options.maximumAssociations;
    this.#present += 1;
    const own = this.#ownRefusal(applicationContext, full);
    const verdict = own === undefined ? await this.#verdict(attempt) : { refusal: own };
    const { grant = {} } = verdict;
    const refusal = verdict.refusal ?? this.#sourceRefusal(attempt, grant);
    if (refusal !== undefined) {
      this.#leave();
      await this.refused(attempt, refusal);
      return { rejection: refusal.rejection };
    }
    this.#count(attempt.callingAeTitle, 1);
    this.#observer.associationOpened();
    let left = false;
    return {
      grant,
      leave: () => {
        if (left) return;
        left = true;
        this.#count(attempt.callingAeTitle, -1);
        this.#observer.associationEnded(attempt);
        this.#leave();
      },
    };
  }

  async refused(attempt: AssociationAttempt, refusal: Refusal): Promise<void> {
    const { log, refusals } = this.#options;
    log.warn('association rejected', {
      remoteAddress: attempt.remoteAddress,
      code: refusal.code,
    });
    this.#observer.associationRefused(attempt, refusal);
    await refusals.record(attempt, refusal);
  }

  /** Resolves when nobody is left, or after `limitMs`. */
  async quiet(limitMs: number): Promise<void> {
    if (this.#present === 0) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, limitMs);
      this.#onQuiet = () => {
        clearTimeout(late);
        resolve();
      };
    });
  }

  #count(callingAeTitle: string, change: 1 | -1): void {
    const present = (this.#bySource.get(callingAeTitle) ?? 0) + change;
    if (present === 0) this.#bySource.delete(callingAeTitle);
    else this.#bySource.set(callingAeTitle, present);
  }

  #sourceRefusal(
    { callingAeTitle, remoteAddress }: AssociationAttempt,
    grant: Grant,
  ): Refusal | undefined {
    const { maxAssociations = Infinity } = grant;
    if ((this.#bySource.get(callingAeTitle) ?? 0) < maxAssociations) return undefined;
    return {
      rejection: REJECTION.localLimitExceeded,
      code: 'association-rejected',
      message:
        `${callingAeTitle} at ${remoteAddress} has ${maxAssociations} associations, as many as its ` +
        `source may have. The sender may try again. To allow more: gantry source set ` +
        `${quoted(callingAeTitle)} --max-associations NUMBER`,
    };
  }

  #leave(): void {
    this.#present -= 1;
    if (this.#present === 0) this.#onQuiet?.();
  }

  #ownRefusal(applicationContext: string, full: boolean): Refusal | undefined {
    if (applicationContext !== DICOM_APPLICATION_CONTEXT) {
      return {
        rejection: REJECTION.applicationContextNotSupported,
        code: 'association-rejected',
        message:
          'The peer proposed an application context that is not that of DICOM. Its device has to be mended: ' +
          'no setting changes this.',
      };
    }
    if (this.#closing) {
      return {
        rejection: REJECTION.temporaryCongestion,
        code: 'association-rejected',
        message: 'The listener is stopping. The sender may try again at once.',
      };
    }
    if (full) {
      return {
        rejection: REJECTION.localLimitExceeded,
        code: 'association-rejected',
        message:
          `The listener has ${this.#options.maximumAssociations} associations, as many as it may. ` +
          'The sender may try again. To allow more: GANTRY_MAX_ASSOCIATIONS, or listener.maximumAssociations ' +
          'of the site.',
      };
    }
    return undefined;
  }

  async #verdict(attempt: AssociationAttempt): Promise<Verdict> {
    try {
      return (await this.#options.policy.decide(attempt)) ?? { grant: {} };
    } catch (error) {
      this.#options.log.error('the configuration could not be read', { problem: errorName(error) });
      return {
        refusal: {
          rejection: REJECTION.temporaryCongestion,
          code: 'association-rejected',
          message: 'The configuration could not be read. The sender may try again.',
        },
      };
    }
  }
}
