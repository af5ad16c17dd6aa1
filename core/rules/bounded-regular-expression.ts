/**
 * Regular expressions for rules that cannot run away: matching happens under a time limit, which the engine obeys
 * even in the middle of one match, and what was matched before is remembered, for thousands of instances have
 * the same few texts.
 */
import { createContext, Script } from 'node:vm';

const MATCH_LIMIT_MS = 100;
const MAX_REMEMBERED = 5000;

/** Names no text: what was matched may be a patient's. */
export class RegularExpressionTooSlow extends Error {
  override readonly name = 'RegularExpressionTooSlow';
  readonly code = 'too-slow-regular-expression';
  constructor() {
    super(`a regular expression took longer than ${String(MATCH_LIMIT_MS)} ms for one text`);
  }
}

interface Matching {
  readonly found: RegExpExecArray | null;
  /** Where the expression would go on. */
  readonly lastIndex: number;
}

const bench: { expression?: RegExp; text?: string; found?: RegExpExecArray | null } = {};
const context = createContext(bench);
const script = new Script('found = expression.exec(text)');

const match = (expression: RegExp, text: string, from: number): Matching => {
  expression.lastIndex = from;
  Object.assign(bench, { expression, text, found: null });
  try {
    script.runInContext(context, { timeout: MATCH_LIMIT_MS });
    return { found: bench.found ?? null, lastIndex: expression.lastIndex };
  } catch {
    throw new RegularExpressionTooSlow();
  } finally {
    Object.assign(bench, { expression: undefined, text: undefined, found: undefined });
  }
};

/** One of JSONata's engines: a class for one evaluation, whose objects remember what any of them has matched. */
export const boundedRegularExpressions = () => {
  const remembered = new Map<string, Matching>();

  return class {
    readonly #expression: RegExp;
    lastIndex = 0;

    constructor(expression: RegExp) {
      this.#expression = new RegExp(expression);
    }

    exec(text: string): RegExpExecArray | null {
      const key = JSON.stringify([String(this.#expression), this.lastIndex, text]);
      const matching = remembered.get(key) ?? match(this.#expression, text, this.lastIndex);
      if (remembered.size < MAX_REMEMBERED) remembered.set(key, matching);
      this.lastIndex = matching.lastIndex;
      return matching.found;
    }
  };
};
