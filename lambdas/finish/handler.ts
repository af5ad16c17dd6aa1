/**
 * The last state of a session's execution: writes how the session has ended. What is thrown is repeated by
 * the state machine; a second call changes nothing.
 */
import type { Logger } from '@aws-lambda-powertools/logger';
import { FinishInput } from '../../core/contracts/messages.ts';
import type { ReportMetrics } from '../../core/operations/metric-lines.ts';
import { finishSession, type FinishDependencies } from '../../core/running/finish-session.ts';

export interface FinishHandlerDependencies extends FinishDependencies {
  readonly logger: Pick<Logger, 'info'>;
  readonly report: ReportMetrics;
}

export const makeHandler =
  (deps: FinishHandlerDependencies) =>
  async (event: unknown): Promise<Record<string, never>> => {
    const input = FinishInput.parse(event);
    const outcome = await finishSession(deps, input);
    if (outcome.outcome === 'finished' && outcome.state === 'FAILED') {
      deps.report({ sessionsFailed: 1 });
    }
    deps.logger.info('session at its end', { sessionId: input.sessionId, ...outcome });
    return {};
  };
