/** Reads the single fields of a request that changes an AE title: what is wrong with each, and what is adjusted. */
import type { ProblemDetail } from '../contracts/api-problem.ts';
import {
  MINIMUM_TIMEOUT_SECONDS,
  type AeTitleItem,
  type DeclaredInput,
} from '../contracts/configuration.ts';
import { DAY_MS } from '../contracts/day.ts';
import { readDeclaredInputs } from './declared-inputs.ts';
import { keyAttribute } from './key-attributes.ts';
import { readSopClass } from './sop-classes.ts';

/** A hundred years in each unit: what is longer than that is a slip, and no date could be made of it. */
const LONGEST = {
  milliseconds: 36_500 * DAY_MS,
  seconds: (36_500 * DAY_MS) / 1000,
  days: 36_500,
} as const;

/** Collects problems, and notes on what was adjusted, while the fields are read one by one. */
export class SettingsReader {
  readonly problems: ProblemDetail[] = [];
  readonly notes: string[] = [];

  tell(path: string, message: string): void {
    this.problems.push({ path, message });
  }

  /** A text or a list of them, each of which `readOne` turns into what is stored; undefined if one is wrong. */
  texts(
    path: string,
    value: unknown,
    readOne: (text: string) => readonly string[] | { readonly problem: string },
  ): string[] | undefined {
    const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
    const found: string[] = [];
    const before = this.problems.length;
    for (const text of texts) {
      if (typeof text !== 'string') {
        this.tell(path, `must be a text or a list of texts, not ${JSON.stringify(text)}`);
        continue;
      }
      const reading = readOne(text);
      if ('problem' in reading) this.tell(path, reading.problem);
      else found.push(...reading);
    }
    return this.problems.length > before ? undefined : [...new Set(found)];
  }

  groupBy(value: unknown): string[] | undefined {
    const keywords = this.texts('groupBy', value, (text) => {
      const attribute = keyAttribute(text);
      return attribute.ok ? [attribute.keyword] : attribute;
    });
    if (keywords?.length !== 0) return keywords;
    this.tell('groupBy', 'must name at least one attribute');
    return undefined;
  }

  sopClasses(path: string, value: unknown): string[] | undefined {
    return this.texts(path, value, (text) => {
      const reading = readSopClass(text);
      return reading.ok ? reading.uids : reading;
    });
  }

  duration(
    path: string,
    value: unknown,
    unit: keyof typeof LONGEST = 'seconds',
  ): number | undefined {
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      this.tell(path, `must be a number of ${unit}, not ${JSON.stringify(value)}`);
    } else if (value < 0) {
      this.tell(path, `must not be negative, and is ${value}`);
    } else if (value > LONGEST[unit]) {
      this.tell(path, `must not be more than ${LONGEST[unit]} ${unit}, and is ${value}`);
    } else return value;
    return undefined;
  }

  timeout(value: unknown): number | undefined {
    const seconds = this.duration('timeout', value);
    if (seconds === undefined || seconds >= MINIMUM_TIMEOUT_SECONDS) return seconds;
    this.notes.push(
      `timeout ${seconds} is below ${MINIMUM_TIMEOUT_SECONDS} seconds and was raised to ${MINIMUM_TIMEOUT_SECONDS}`,
    );
    return MINIMUM_TIMEOUT_SECONDS;
  }

  declaredInputs(value: unknown): DeclaredInput[] | undefined {
    const reading = readDeclaredInputs(value);
    if (reading.ok) return reading.inputs;
    this.problems.push(...reading.problems);
    return undefined;
  }

  yesOrNo(path: string, value: unknown): boolean | undefined {
    if (typeof value === 'boolean') return value;
    this.tell(path, `must be true or false, not ${JSON.stringify(value)}`);
    return undefined;
  }

  oneOf<T extends string>(path: string, value: unknown, known: readonly T[]): T | undefined {
    const lower = typeof value === 'string' ? value.trim().toLowerCase() : undefined;
    const found = known.find((word) => word.toLowerCase() === lower);
    if (found === undefined) {
      this.tell(path, `must be one of ${known.join(', ')}, not ${JSON.stringify(value)}`);
    }
    return found;
  }

  /** `null` takes a name away; an id must be that of a pipeline. */
  pipelines(
    changes: readonly (readonly [path: string, name: string, id: unknown])[],
    before: AeTitleItem['pipelines'],
    known: ReadonlySet<string>,
  ): AeTitleItem['pipelines'] {
    const after = new Map(Object.entries(before));
    for (const [path, name, id] of changes) {
      if (name === '') this.tell(path, 'a pipeline needs a name');
      else if (id === null) after.delete(name);
      else if (typeof id !== 'string') this.tell(path, 'must be the id of a pipeline');
      else if (!known.has(id)) {
        this.tell(
          path,
          `there is no pipeline "${id}"; known: ${[...known].sort().join(', ')}; make it with: gantry pipeline set ${id}`,
        );
      } else after.set(name, id);
    }
    return Object.fromEntries(after);
  }
}
