/**
 * Asks registry callbacks through the functions of their service versions: in pieces that fit an invocation,
 * some of them side by side, and no more once a callback has hung too often or the time for planning is over.
 * A function that fails as a whole broke for the objects it was asked about; the others go on.
 */
import type { Functions, Clock } from '../../core/contracts/ports.ts';
import { RegistryAnswer, type RegistryRequest } from '../../core/contracts/messages.ts';
import type {
  AskRegistry,
  RegistryObject,
  RegistryQuestion,
  RegistryVerdict,
} from '../../core/planning/registry.ts';
import { FunctionFailed } from '../../aws/functions.ts';
import { inParallel } from './in-parallel.ts';

export interface RegistryLimits {
  /** Seconds for one call of a callback. */
  readonly callSeconds: number;
  /** After so many calls of one callback that took longer, its other objects are not asked for. */
  readonly timeouts: number;
  /** Of one request, in bytes of JSON; Lambda takes 6 MB. */
  readonly requestBytes: number;
  /** Requests at a time for one job definition. */
  readonly concurrency: number;
  /** Milliseconds since the epoch, from when on no callback is asked. */
  readonly deadline: number;
}

export const REGISTRY_LIMITS = {
  callSeconds: 10,
  timeouts: 3,
  requestBytes: 4_000_000,
  concurrency: 4,
} as const;

/** The type of error that the registry function gives to a call that took too long. */
const TIME_LIMIT = 'TimeLimit';

const broke = ({ objectId }: RegistryObject, type: string, message: string): RegistryVerdict => ({
  objectId,
  outcome: 'broke',
  error: { type, message, traceback: '' },
});

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** Consecutive objects, each piece below the size of a request; an object that is larger stands alone. */
export const piecesOf = (
  objects: readonly RegistryObject[],
  requestBytes: number,
): readonly (readonly RegistryObject[])[] => {
  const pieces: RegistryObject[][] = [];
  let room = 0;
  for (const object of objects) {
    const bytes = bytesOf(object) + 1;
    const piece = pieces.at(-1);
    if (piece === undefined || bytes > room) {
      pieces.push([object]);
      room = requestBytes - bytes;
    } else {
      piece.push(object);
      room -= bytes;
    }
  }
  return pieces;
};

/** What one callback did so far in this plan. */
interface Tally {
  timeouts: number;
}

/** How a function failed for good: another try would end alike, so its objects get it as their error. */
const failureOf = (error: unknown): { type: string; message: string } | undefined => {
  if (error instanceof FunctionFailed) return { type: error.errorType, message: error.message };
  if (error instanceof Error && error.name === 'ResourceNotFoundException') {
    return {
      type: 'FunctionMissing',
      message: 'the registry function of the service is not there',
    };
  }
  return undefined;
};

export const askFunctions = (
  functions: Functions,
  clock: Clock,
  sessionId: string,
  limits: RegistryLimits,
): AskRegistry => {
  const tallies = new Map<string, Tally>();

  const invoke = async (
    { candidate }: RegistryQuestion,
    objects: readonly RegistryObject[],
  ): Promise<readonly RegistryVerdict[]> => {
    const { service, definition } = candidate;
    const request: RegistryRequest = {
      sessionId,
      jobName: definition.jobName,
      registryEntry: definition.registryEntry,
      timeoutSeconds: limits.callSeconds,
      objects: [...objects],
    };
    let answer: unknown;
    try {
      answer = await functions.invoke(service.registryFunction, request);
    } catch (error) {
      const failure = failureOf(error);
      if (failure === undefined) throw error;
      return objects.map((object) => broke(object, failure.type, failure.message));
    }
    const parsed = RegistryAnswer.safeParse(answer);
    const inOrder =
      parsed.success &&
      parsed.data.answers.length > 0 &&
      parsed.data.answers.every(({ objectId }, index) => objectId === objects[index]?.objectId);
    return inOrder
      ? parsed.data.answers
      : objects.map((object) =>
          broke(object, 'BadAnswer', 'the registry function answered something else than outcomes'),
        );
  };

  const whyNotAsked = (tally: Tally): readonly [string, string] | undefined => {
    if (tally.timeouts >= limits.timeouts) {
      return ['NotAsked', `the callback hung ${limits.timeouts} times for other objects`];
    }
    return clock() >= limits.deadline
      ? ['NotAsked', 'the time for planning the session was over before its turn']
      : undefined;
  };

  /** A function may answer for the first objects only: then the rest is asked for again. */
  const askPiece = async (
    question: RegistryQuestion,
    piece: readonly RegistryObject[],
    tally: Tally,
  ): Promise<readonly RegistryVerdict[]> => {
    const verdicts: RegistryVerdict[] = [];
    let rest = piece;
    while (rest.length > 0) {
      const why = whyNotAsked(tally);
      if (why !== undefined) return [...verdicts, ...rest.map((object) => broke(object, ...why))];
      const answers = await invoke(question, rest);
      for (const verdict of answers) {
        verdicts.push(verdict);
        if (verdict.outcome === 'broke' && verdict.error.type === TIME_LIMIT) tally.timeouts += 1;
      }
      rest = rest.slice(answers.length);
    }
    return verdicts;
  };

  return async (question) => {
    const { service, definition } = question.candidate;
    const name = JSON.stringify([service.name, definition.jobName]);
    const tally = tallies.get(name) ?? { timeouts: 0 };
    tallies.set(name, tally);

    const pieces = piecesOf(question.objects, limits.requestBytes);
    const verdicts = await inParallel(pieces, limits.concurrency, (piece) =>
      askPiece(question, piece, tally),
    );
    return verdicts.flat();
  };
};
