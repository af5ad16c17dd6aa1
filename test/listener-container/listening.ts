/** A listener on a free port of the loopback address, with everything around it replaceable. */
import { onTestFinished } from 'vitest';
import type {
  AdmissionPolicy,
  AssociationAttempt,
  Decision,
  DecisionLog,
  RefusalLog,
} from '../../listener-container/admission/admission-policy.ts';
import type { ListenerLog } from '../../listener-container/listener-log.ts';
import { Listener, type ListenerOptions } from '../../listener-container/server.ts';
import { RecordingReceiver } from './recording-receiver.ts';

export class RecordingLog implements ListenerLog {
  readonly lines: string[] = [];

  info(message: string): void {
    this.lines.push(message);
  }

  warn(message: string): void {
    this.lines.push(message);
  }

  error(message: string): void {
    this.lines.push(message);
  }
}

export class RecordingRefusals implements RefusalLog {
  readonly refusals: { readonly attempt: AssociationAttempt; readonly refusal: Decision }[] = [];

  record(attempt: AssociationAttempt, refusal: Decision): Promise<void> {
    this.refusals.push({ attempt, refusal });
    return Promise.resolve();
  }
}

export class RecordingDecisions implements DecisionLog {
  readonly decisions: { readonly attempt: AssociationAttempt; readonly decision: Decision }[] = [];

  record(attempt: AssociationAttempt, decision: Decision): Promise<void> {
    this.decisions.push({ attempt, decision });
    return Promise.resolve();
  }
}

export const EVERYBODY: AdmissionPolicy = { decide: () => Promise.resolve(undefined) };

/** Stopped when the test has ended. */
export const listening = async (options: Partial<ListenerOptions> = {}) => {
  const receiver = new RecordingReceiver();
  const log = new RecordingLog();
  const refusals = new RecordingRefusals();
  const listener = await Listener.start({
    host: '127.0.0.1',
    port: 0,
    maximumAssociations: 8,
    limits: { artimMs: 5000, idleMs: 5000 },
    policy: EVERYBODY,
    refusals,
    receiver,
    log,
    ...options,
  });
  onTestFinished(() => listener.stop(0));
  return { listener, port: listener.port, receiver, log, refusals };
};
