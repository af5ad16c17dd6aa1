/**
 * What happens in the listener, told to who measures and who audits: metrics for everybody, and audit messages
 * (PS3.15 section A.5) marked as a stream of their own. Being told costs the one who tells neither time nor errors.
 */
import {
  AUDIT_EVENT,
  AUDIT_EVENT_TYPE,
  AUDIT_OUTCOME,
  applicationActivity,
  securityAlert,
  transfer,
  type AuditMessage,
  type AuditOrigin,
} from '../../core/audit/audit-messages.ts';
import type { Clock } from '../../core/contracts/ports.ts';
import { statusClass } from '../../core/dimse/status.ts';
import {
  unnamedAttempt,
  type AssociationAttempt,
  type Refusal,
} from '../admission/admission-policy.ts';
import type { ReceptionContext, StoreOutcome } from '../services/instance-receiver.ts';
import type { ListenerMetrics } from './metrics.ts';

/** An instance that was answered. */
export interface AnsweredInstance {
  readonly context: ReceptionContext;
  readonly outcome: StoreOutcome;
  readonly bytes: number;
  readonly patientId: string;
  readonly studyInstanceUid: string;
}

export interface ListenerObserver {
  readonly associationOpened: () => void;
  /** `associationId`: its studies are all there that will be. */
  readonly associationEnded: (attempt: AssociationAttempt) => void;
  readonly associationRefused: (attempt: AssociationAttempt, refusal: Refusal) => void;
  readonly handshakeFailed: (remoteAddress: string) => void;
  /** The port had all the connections that it takes. */
  readonly connectionRefused: (remoteAddress: string) => void;
  readonly objectWritten: (milliseconds: number) => void;
  readonly itemsWritten: (milliseconds: number) => void;
  readonly instanceAnswered: (instance: AnsweredInstance) => void;
}

const nothing = (): void => undefined;

/** For where nobody looks. */
export const NO_OBSERVER: ListenerObserver = {
  associationOpened: nothing,
  associationEnded: nothing,
  associationRefused: nothing,
  handshakeFailed: nothing,
  connectionRefused: nothing,
  objectWritten: nothing,
  itemsWritten: nothing,
  instanceAnswered: nothing,
};

/** The marker by which a site routes audit messages to a protected log group. */
export const AUDIT_STREAM = 'audit';

const HEX_DIGITS = 4;
const statusText = (status: number): string =>
  status.toString(16).toUpperCase().padStart(HEX_DIGITS, '0');

interface StudyTally {
  readonly patientId: string;
  readonly sopClasses: Map<string, number>;
  failed: boolean;
}

export interface ObservedListener extends ListenerObserver {
  readonly started: () => void;
  readonly stopped: () => void;
}

export const createObserver = (deps: {
  readonly metrics: Pick<ListenerMetrics, 'count' | 'observe'>;
  /** One line of the log. */
  readonly write: (line: string) => void;
  readonly clock: Clock;
  /** The deployment's name. */
  readonly source: string;
}): ObservedListener => {
  const { metrics, write, clock, source } = deps;
  /** By association, then by study. */
  const transfers = new Map<string, Map<string, StudyTally>>();

  const audit = (message: (origin: AuditOrigin) => AuditMessage): void => {
    const AuditMessage = message({ source, at: clock() });
    write(JSON.stringify({ stream: AUDIT_STREAM, AuditMessage }));
  };

  const tally = ({ context, outcome, patientId, studyInstanceUid }: AnsweredInstance): void => {
    const { associationId, sopClassUid } = context;
    const studies = transfers.get(associationId) ?? new Map<string, StudyTally>();
    transfers.set(associationId, studies);
    let study = studies.get(studyInstanceUid);
    if (study === undefined) {
      study = { patientId, sopClasses: new Map(), failed: false };
      studies.set(studyInstanceUid, study);
      const begun = { patientId, studyInstanceUid, sopClasses: new Map([[sopClassUid, 1]]) };
      audit((origin) => transfer(origin, AUDIT_EVENT.beginTransferring, context, begun));
    }
    if (statusClass(outcome.status) === 'failure') study.failed = true;
    else study.sopClasses.set(sopClassUid, (study.sopClasses.get(sopClassUid) ?? 0) + 1);
  };

  return {
    started: () => {
      audit((origin) => applicationActivity(origin, AUDIT_EVENT_TYPE.start));
    },
    stopped: () => {
      audit((origin) => applicationActivity(origin, AUDIT_EVENT_TYPE.stop));
    },
    associationOpened: () => {
      metrics.count('associationsOpened');
    },
    associationEnded: (attempt) => {
      const { associationId = '' } = attempt;
      for (const [studyInstanceUid, study] of transfers.get(associationId) ?? []) {
        const outcome = study.failed ? AUDIT_OUTCOME.minorFailure : AUDIT_OUTCOME.success;
        const done = { ...study, studyInstanceUid };
        audit((origin) =>
          transfer(origin, AUDIT_EVENT.instancesTransferred, attempt, done, outcome),
        );
      }
      transfers.delete(associationId);
    },
    associationRefused: (attempt, { rejection: { result, source: by, reason } }) => {
      const numbers = `${result}/${by}/${reason}`;
      metrics.count('associationsRefused', 1, numbers);
      audit((origin) => securityAlert(origin, attempt, `association rejected: ${numbers}`));
    },
    handshakeFailed: (remoteAddress) => {
      metrics.count('associationsRefused', 1, 'tls');
      audit((origin) =>
        securityAlert(origin, unnamedAttempt(remoteAddress), 'TLS handshake failed'),
      );
    },
    connectionRefused: (remoteAddress) => {
      metrics.count('associationsRefused', 1, 'connections');
      audit((origin) =>
        securityAlert(origin, unnamedAttempt(remoteAddress), 'connection refused: too many'),
      );
    },
    objectWritten: (milliseconds) => {
      metrics.observe('objectWriteTime', milliseconds);
    },
    itemsWritten: (milliseconds) => {
      metrics.observe('itemWriteTime', milliseconds);
    },
    instanceAnswered: (instance) => {
      metrics.count('bytesReceived', instance.bytes);
      const { status } = instance.outcome;
      if (statusClass(status) === 'failure') {
        metrics.count('instancesRefused', 1, statusText(status));
      } else metrics.count('instancesStored');
      tally(instance);
    },
  };
};
