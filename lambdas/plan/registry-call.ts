/**
 * One call of a registry function: job definitions of one service for objects of a level, and what it answered. What
 * no later try would change is an outcome here; the rest is thrown.
 */
import { FunctionFailed, FunctionMissing } from '../../aws/functions.ts';
import {
  RegistryAnswer,
  type RegistryRequest,
  type RegistryVerdict,
} from '../../core/contracts/messages.ts';
import type { Functions } from '../../core/contracts/ports.ts';
import type { RegistryQuestion } from '../../core/planning/registry.ts';

/** Why a function gave no outcome: another try would end alike, so its objects get it as their error. */
export interface Failure {
  readonly type: string;
  readonly message: string;
}

const failureOf = (error: unknown): Failure | undefined => {
  if (error instanceof FunctionFailed) return { type: error.errorType, message: error.message };
  if (error instanceof FunctionMissing) {
    return {
      type: 'FunctionMissing',
      message: 'the registry function of the service is not there',
    };
  }
  return undefined;
};

const BAD_ANSWER: Failure = {
  type: 'BadAnswer',
  message: 'the registry function answered something else than outcomes',
};

/** Only the last may lack objects. */
export type VerdictLists = readonly (readonly RegistryVerdict[])[];

/** One for each job definition that was answered; undefined when that is not what was asked for. */
const listsOf = (answer: unknown, { objects }: RegistryRequest): VerdictLists | undefined => {
  const parsed = RegistryAnswer.safeParse(answer);
  if (!parsed.success || parsed.data.answers.length === 0) return undefined;
  const lists = [parsed.data.answers, ...(parsed.data.then ?? [])];
  const inOrder = lists.every((list) =>
    list.every(({ objectId }, index) => objectId === objects[index]?.objectId),
  );
  // What a function answers after a list that it did not finish would be out of turn.
  const last = lists.findIndex((list) => list.length < objects.length);
  return inOrder ? lists.slice(0, last < 0 ? lists.length : last + 1) : undefined;
};

/** The answers for the first of the job definitions and objects that were asked about: at least one. */
export const callRegistry = async (
  functions: Functions,
  asked: Pick<RegistryRequest, 'sessionId' | 'timeoutSeconds'>,
  [{ service, definition }, ...others]: RegistryQuestion['candidates'],
  objects: readonly Omit<RegistryRequest['objects'][number], 'params'>[],
): Promise<VerdictLists | Failure> => {
  const { jobName, registryEntry, params } = definition;
  const then = others.map((other) => ({
    jobName: other.definition.jobName,
    registryEntry: other.definition.registryEntry,
    params: other.definition.params,
  }));
  const request: RegistryRequest = {
    ...asked,
    ...{ jobName, registryEntry },
    objects: objects.map((object) => ({ ...object, params })),
    ...(then.length === 0 ? {} : { then }),
  };
  try {
    const answer = await functions.invoke(service.registryFunction, request);
    return listsOf(answer, request) ?? BAD_ANSWER;
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    return failure;
  }
};
