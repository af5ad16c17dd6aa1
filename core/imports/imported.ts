/**
 * What comes out of another gateway's configuration: a document for `apply`, and for every single thing what became
 * of it. Nothing is dropped without a word.
 */
import type { ProblemDetail } from '../contracts/api-problem.ts';
import { MINIMUM_TIMEOUT_SECONDS } from '../contracts/configuration.ts';

/** `maps`: means the same here; `changed`: raised, renamed or to be completed; `cannot`: not taken over, and why. */
export interface Finding {
  readonly outcome: 'maps' | 'changed' | 'cannot';
  /** As the other gateway's file calls it. */
  readonly what: string;
  readonly message: string;
}

type Entries = Record<string, Record<string, unknown>>;

export interface Imported {
  readonly configuration: {
    readonly aeTitles: Entries;
    readonly sources: Entries;
    readonly destinations: Entries;
    readonly pipelines: Entries;
  };
  readonly findings: readonly Finding[];
}

/** Why nothing at all could be read. */
export class NotImportable extends Error {
  override readonly name = 'NotImportable';
}

export type Fields = ReadonlyMap<string, unknown>;

/** Keys as `aetitle`, however they are written: `aeTitle`, `AETitle`, `ae-title`. */
export const plainKey = (key: string): string => key.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Undefined for what is no JSON object. */
export const fieldsOf = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? new Map(Object.entries(value).map(([key, inner]) => [plainKey(key), inner]))
    : undefined;

export const textOf = (fields: Fields, key: string): string | undefined => {
  const value = fields.get(key);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
};

export const textsOf = (fields: Fields, key: string): string[] => {
  const value = fields.get(key);
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
};

/** The adapter's settings are texts, whatever they mean. */
export const numberOf = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
};

/** Letters, digits, `.`, `_` and `-`: what ids and names of Gantry may have. */
export const asName = (text: string): string =>
  text.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'unnamed';

/** Collects entries with what became of them. */
export class Importer {
  readonly #configuration: Imported['configuration'] = {
    aeTitles: {},
    sources: {},
    destinations: {},
    pipelines: {},
  };
  readonly #findings: Finding[] = [];

  tell(outcome: Finding['outcome'], what: string, message: string): void {
    this.#findings.push({ outcome, what, message });
  }

  /** False when the entry was not taken, because there is one of that name already. */
  add(
    section: keyof Imported['configuration'],
    name: string,
    entry: Record<string, unknown>,
    what: string,
  ): boolean {
    const entries = this.#configuration[section];
    if (Object.hasOwn(entries, name)) {
      this.tell('cannot', what, `there is another "${name}" in the file; the first one is taken`);
      return false;
    }
    entries[name] = entry;
    return true;
  }

  /** Told as not taken over, with the reasons. */
  refuse(what: string, problems: readonly ProblemDetail[]): void {
    for (const { path, message } of problems) {
      this.tell('cannot', what, path === undefined ? message : `${path}: ${message}`);
    }
  }

  hosts(aeTitle: string): unknown[] | undefined {
    const hosts = this.#configuration.sources[aeTitle]?.['hosts'];
    return Array.isArray(hosts) ? hosts : undefined;
  }

  /** Below the least number of seconds it is raised, which is told. */
  timeout(what: string, seconds: number): number {
    if (seconds >= MINIMUM_TIMEOUT_SECONDS) return seconds;
    const raised = `timeout ${seconds} is below ${MINIMUM_TIMEOUT_SECONDS} seconds and is raised to ${MINIMUM_TIMEOUT_SECONDS}`;
    this.tell('changed', what, raised);
    return MINIMUM_TIMEOUT_SECONDS;
  }

  /**
   * A pipeline for what the other gateway only names. Its one service has that name, so that nothing runs until a
   * person says what is to run: a pipeline without any would run every service that is installed.
   */
  pipeline(what: string, name: string, reference: string): string {
    const id = asName(reference);
    const service = asName(name);
    if (!Object.hasOwn(this.#configuration.pipelines, id)) {
      this.#configuration.pipelines[id] = { name, services: [service] };
      this.tell(
        'changed',
        what,
        `becomes the pipeline "${id}" with the service "${service}", which has to be installed; or name others: gantry pipeline set ${id} --service NAME`,
      );
    }
    return id;
  }

  /** Takes over what another one found, unless it is here already. */
  takeOver({ configuration, findings }: Imported): void {
    Object.assign(this.#configuration.pipelines, configuration.pipelines);
    this.#findings.push(...findings);
  }

  imported(): Imported {
    return { configuration: this.#configuration, findings: this.#findings };
  }
}
