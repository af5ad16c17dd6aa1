/** Keeps every value that a rule reads, by path: each value once with how often, and no more of them than fit an item. */
import type { RuleReading } from '../contracts/rules.ts';

const MAX_PATHS = 40;
const MAX_VALUES = 20;
const MAX_TEXT = 100;

interface Tally {
  readonly values: Map<string, { readonly value: unknown; count: number }>;
  others: number;
  missing: number;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const shown = (value: unknown): unknown =>
  typeof value === 'string' && value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value;

export class RuleTrace {
  readonly #tallies = new Map<string, Tally>();
  /** Where an object stands in what the rule was given. */
  readonly #paths = new WeakMap<object, string>();

  /** Names the objects in `document` by the names that lead to them; the members of a list share one. */
  constructor(document: object) {
    this.#name(document, '');
  }

  #name(value: unknown, path: string): void {
    if (!isObject(value) || this.#paths.has(value)) return;
    this.#paths.set(value, path);
    if (Array.isArray(value)) for (const member of value) this.#name(member, path);
    else {
      for (const [field, inner] of Object.entries(value)) {
        this.#name(inner, path === '' ? field : `${path}.${field}`);
      }
    }
  }

  /** `field` was read of `input`, which is an object or a list of them. */
  read(input: unknown, field: string): void {
    if (Array.isArray(input)) {
      for (const member of input) this.read(member, field);
      return;
    }
    // What the rule made itself is no reading.
    const path = isObject(input) ? this.#paths.get(input) : undefined;
    if (path === undefined) return;
    const value = (input as Record<string, unknown>)[field];
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    // Objects are what the way leads through: their fields are the values.
    if (values.length > 0 && values.every(isObject)) return;
    this.#count(path === '' ? field : `${path}.${field}`, value);
  }

  #count(path: string, value: unknown): void {
    let tally = this.#tallies.get(path);
    if (tally === undefined) {
      if (this.#tallies.size >= MAX_PATHS) return;
      tally = { values: new Map(), others: 0, missing: 0 };
      this.#tallies.set(path, tally);
    }
    if (value === undefined || (Array.isArray(value) && value.length === 0)) {
      tally.missing += 1;
      return;
    }
    const kept = Array.isArray(value) ? value.slice(0, MAX_VALUES).map(shown) : shown(value);
    const key = JSON.stringify(kept);
    const known = tally.values.get(key);
    if (known !== undefined) known.count += 1;
    else if (tally.values.size >= MAX_VALUES) tally.others += 1;
    else tally.values.set(key, { value: kept, count: 1 });
  }

  readings(): RuleReading[] {
    return [...this.#tallies].map(([path, { values, others, missing }]) => ({
      path,
      values: [...values.values()],
      others,
      missing,
    }));
  }
}
