/**
 * A session ends on the versions of the functions that it began with. Every message goes to the live version of its
 * function; that passes on what is of a session with another version to that version of itself, waits for its answer,
 * and does nothing else about it. A version that somebody deleted is replaced by the live one, which is recorded.
 */
import type { Logger } from '@aws-lambda-powertools/logger';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { z } from 'zod';
import type { SessionItem } from '../core/contracts/items.ts';
import { errorFacts } from '../core/contracts/message-body.ts';
import {
  PassedOn,
  qualified,
  type PlatformVersions,
  type SessionFunction,
} from '../core/contracts/platform-versions.ts';
import type { Clock, Functions } from '../core/contracts/ports.ts';
import { sessionOfMessage } from '../core/contracts/session-of-message.ts';
import type { GroupStore } from '../core/processors/group-store.ts';
import type { SessionStore } from '../core/running/session-store.ts';
import type { BatchHandler } from './failed-records.ts';
import { FunctionMissing } from './functions.ts';

export interface PassingOnDependencies {
  readonly part: SessionFunction;
  /** Lambda's own variables: the function's name, and which version of it this is (`$LATEST` without versions). */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly sessions: Pick<SessionStore, 'getSession' | 'forgetVersions'>;
  readonly functions: Functions;
  readonly decisions: Pick<GroupStore, 'recordDecision'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Of another version, which may be older or newer than this one. */
const Answer = z.object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })) });

/** A record and, if its session began with another version of this function, that session. */
interface Routed {
  readonly record: SQSRecord;
  readonly session?: SessionItem & { readonly versions: PlatformVersions };
  /** Nobody could say of which version it is. */
  readonly failed?: true;
}

const idsOf = (records: readonly Routed[]): string[] =>
  records.map(({ record }) => record.messageId);

/** Wraps what handles a batch; its answer has what failed of all records, whichever version had them. */
export const passingOn = (deps: PassingOnDependencies, handle: BatchHandler): BatchHandler => {
  const { part, environment, sessions, functions, logger } = deps;
  const name = environment['AWS_LAMBDA_FUNCTION_NAME'] ?? '';
  const ownVersion = environment['AWS_LAMBDA_FUNCTION_VERSION'] ?? '';

  const route = async (record: SQSRecord): Promise<Routed> => {
    try {
      const id = sessionOfMessage(record.body);
      const session = id === undefined ? undefined : await sessions.getSession(id);
      return session?.versions === undefined || session.versions[part] === ownVersion
        ? { record }
        : { record, session: { ...session, versions: session.versions } };
    } catch (error) {
      logger.error('the session of a message could not be read', { ...errorFacts(error) });
      return { record, failed: true };
    }
  };

  const handleHere = async (records: readonly Routed[]): Promise<string[]> => {
    if (records.length === 0) return [];
    const { batchItemFailures } = await handle({ Records: records.map(({ record }) => record) });
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  };

  /** All of its versions at once: those of one release fit together, and may not fit those of another. */
  const adopt = async ({ session }: Routed, version: string): Promise<void> => {
    if (session === undefined || !(await sessions.forgetVersions(session.id))) return;
    logger.warn('a version of a session is gone; the live one takes its place', {
      ...{ sessionId: session.id, part, version },
    });
    const at = deps.clock();
    await deps.decisions.recordDecision({
      ...{ id: `${session.id}-versions`, at, code: 'session-versions-gone' },
      message: `Version ${version} of the function "${part}", with which the session began, was deleted: the versions that are live take over.`,
      ...{ aeTitle: session.aeTitle, groupId: session.groupId, sessionId: session.id },
    });
  };

  const passOn = async (version: string, records: readonly Routed[]): Promise<string[]> => {
    const event: SQSEvent & PassedOn = {
      Records: records.map(({ record }) => record),
      passedOnBy: ownVersion,
    };
    try {
      const answer = Answer.parse(await functions.invoke(qualified(name, version), event));
      logger.info('messages of another version were passed on', {
        ...{ version, messages: records.length, failed: answer.batchItemFailures.length },
      });
      const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      return idsOf(records).filter((id) => failed.has(id));
    } catch (error) {
      if (!(error instanceof FunctionMissing)) throw error;
      for (const routed of records) await adopt(routed, version);
      return handleHere(records);
    }
  };

  /** What goes wrong with some of the records is no failure of the others. */
  const failing = async (
    records: readonly Routed[],
    work: () => Promise<string[]>,
  ): Promise<string[]> => {
    try {
      return await work();
    } catch (error) {
      logger.error('messages of a session could not be passed on', { ...errorFacts(error) });
      return idsOf(records);
    }
  };

  return async (event) => {
    // Nobody passes on what was passed on, or two versions could do so for ever.
    if (PassedOn.safeParse(event).success) return handle(event);
    const routed = await Promise.all(event.Records.map(route));
    const here = routed.filter(({ session, failed }) => session === undefined && failed !== true);
    const elsewhere = new Map<string, Routed[]>();
    for (const one of routed) {
      const version = one.session?.versions[part];
      if (version !== undefined) elsewhere.set(version, [...(elsewhere.get(version) ?? []), one]);
    }
    const answers = await Promise.all([
      handleHere(here),
      ...[...elsewhere].map(([version, records]) =>
        failing(records, () => passOn(version, records)),
      ),
    ]);
    const failed = [...idsOf(routed.filter((one) => one.failed === true)), ...answers.flat()];
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  };
};
