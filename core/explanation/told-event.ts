/** One thing that happened, before it is put in order with the others: the shape that all parts of a story share. */
import type { ExplanationEvent } from '../contracts/api-explanation.ts';
import { isoTime } from '../contracts/day.ts';

export interface ToldEvent {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly what: string;
  readonly sentence: string;
  readonly groupId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly jobId?: string | undefined;
}

/** The first one first; what happened at the same moment stays in the order in which it was told. */
export const inOrder = (events: readonly ToldEvent[]): ExplanationEvent[] =>
  events
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, what, sentence, groupId, sessionId, jobId }) => ({
      at: isoTime(at),
      what,
      sentence,
      groupId: groupId ?? null,
      sessionId: sessionId ?? null,
      jobId: jobId ?? null,
    }));

/** `"a"`, `"a" and "b"`, `"a", "b" and "c"`. */
export const namesOf = (names: readonly string[]): string => {
  const quoted = names.map((name) => `"${name}"`);
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} and ${last}`;
};

const MAX_INSERT = 200;

/** A text that somebody else wrote, as part of a sentence: one line, and not longer than one. */
export const inOneLine = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= MAX_INSERT ? line : `${line.slice(0, MAX_INSERT)}…`;
};

/** Ends with a full stop, whoever wrote it. */
export const asSentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`);
