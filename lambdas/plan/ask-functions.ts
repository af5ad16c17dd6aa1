/**
 * Asks registry callbacks through the functions of their service versions: all job definitions of a question in one
 * invocation, in pieces that fit one, some of them side by side, and no more once a callback has hung too often or
 * the time for planning is over. A function that fails as a whole is asked for one job definition at a time, and
 * broke for the objects of the one with which it fails; the others go on.
 */
import type { RegistryVerdict } from '../../core/contracts/messages.ts';
import type { Clock, Functions } from '../../core/contracts/ports.ts';
import type { Candidate } from '../../core/planning/candidates.ts';
import type { AskRegistry, RegistryObject } from '../../core/planning/registry.ts';
import { inParallel } from '../../core/running/concurrency.ts';
import { callRegistry, type VerdictLists } from './registry-call.ts';

export interface RegistryLimits {
  /** Seconds for one call of a callback. */
  readonly callSeconds: number;
  /** After so many calls of one callback that took longer, its other objects are not asked for. */
  readonly timeouts: number;
  /** Of one request, in bytes of JSON; Lambda takes 6 MB. */
  readonly requestBytes: number;
  /** Requests at a time for one question. */
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

const broke = (object: RegistryObject, type: string, message: string): RegistryVerdict => ({
  objectId: object.objectId,
  outcome: 'broke',
  error: { type, message, traceback: '' },
});

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** Consecutive objects, each piece below the size of a request; an object that is larger stands alone. */
export const piecesOf = <T extends RegistryObject>(
  objects: readonly T[],
  requestBytes: number,
): readonly (readonly T[])[] => {
  const pieces: T[][] = [];
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

/** What the callback of one job definition did so far in this plan. */
interface Tally {
  timeouts: number;
}

/** A job definition while it is asked about a piece of objects. */
interface Asking {
  readonly candidate: Candidate;
  readonly tally: Tally;
  /** Of the first objects of the piece. */
  readonly verdicts: RegistryVerdict[];
}

/** As the callbacks that are still to be asked see them. */
const withAdded = (
  piece: readonly RegistryObject[],
  asked: readonly Asking[],
): readonly RegistryObject[] =>
  piece.map((object, index) => {
    const added = asked.flatMap(({ candidate, verdicts }): [string, unknown][] => {
      const verdict = verdicts[index];
      return verdict?.outcome === 'run'
        ? [[candidate.definition.jobName, verdict.addedParams]]
        : [];
    });
    return { ...object, addedParams: { ...object.addedParams, ...Object.fromEntries(added) } };
  });

const take = ({ tally, verdicts }: Asking, answers: readonly RegistryVerdict[]): void => {
  for (const verdict of answers) {
    verdicts.push(verdict);
    if (verdict.outcome === 'broke' && verdict.error.type === TIME_LIMIT) tally.timeouts += 1;
  }
};

export const askFunctions = (
  functions: Functions,
  clock: Clock,
  sessionId: string,
  limits: RegistryLimits,
): AskRegistry => {
  const request = { sessionId, timeoutSeconds: limits.callSeconds };
  const tallies = new Map<string, Tally>();
  const tallyOf = ({ service, definition }: Candidate): Tally => {
    const name = JSON.stringify([service.name, definition.jobName]);
    const tally = tallies.get(name) ?? { timeouts: 0 };
    tallies.set(name, tally);
    return tally;
  };

  const hungTooOften = ({ tally }: Asking): boolean => tally.timeouts >= limits.timeouts;

  const whyNotAsked = (asking: Asking): readonly [string, string] | undefined => {
    if (hungTooOften(asking)) {
      return ['NotAsked', `the callback hung ${limits.timeouts} times for other objects`];
    }
    return clock() >= limits.deadline
      ? ['NotAsked', 'the time for planning the session was over before its turn']
      : undefined;
  };

  /** A function may answer for the first job definitions or objects only: then the rest is asked for again. */
  const askPiece = async (
    candidates: readonly Candidate[],
    piece: readonly RegistryObject[],
  ): Promise<VerdictLists> => {
    const all = candidates.map((candidate): Asking => ({
      ...{ candidate, tally: tallyOf(candidate), verdicts: [] },
    }));
    let together = true;
    for (const [index, asking] of all.entries()) {
      while (asking.verdicts.length < piece.length) {
        const rest = withAdded(piece, all.slice(0, index)).slice(asking.verdicts.length);
        const why = whyNotAsked(asking);
        if (why !== undefined) {
          take(
            asking,
            rest.map((object) => broke(object, ...why)),
          );
          continue;
        }
        const [part = rest] = piecesOf(rest, limits.requestBytes);
        const after = all.slice(index + 1);
        const hung = after.findIndex(hungTooOften);
        const then =
          together && part.length === piece.length
            ? after.slice(0, hung < 0 ? undefined : hung)
            : [];
        const answer = await callRegistry(
          ...[functions, request],
          [asking.candidate, ...then.map(({ candidate }) => candidate)],
          part,
        );
        if (!('type' in answer)) {
          for (const [offset, answers] of answer.entries()) {
            const answered = [asking, ...then][offset];
            if (answered !== undefined) take(answered, answers);
          }
        } else if (then.length > 0) {
          // Which of them it was, only one at a time can tell.
          together = false;
        } else {
          take(
            asking,
            part.map((object) => broke(object, answer.type, answer.message)),
          );
        }
      }
    }
    return all.map(({ verdicts }) => verdicts);
  };

  return async ({ candidates, objects }) => {
    const pieces = piecesOf(objects, limits.requestBytes);
    const answered = await inParallel(pieces, limits.concurrency, (piece) =>
      askPiece(candidates, piece),
    );
    return candidates.map((_, index) => answered.flatMap((lists) => lists[index] ?? []));
  };
};
