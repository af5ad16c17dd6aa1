/** Where a command writes: answers to stdout, as tables or as one JSON document; messages to stderr. */

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => unknown;
}

export interface Writers {
  out(text: string): void;
  error(text: string): void;
}

const processWriters: Writers = {
  out: (text) => {
    process.stdout.write(text);
  },
  error: (text) => {
    process.stderr.write(text);
  },
};

/**
 * Characters by which a text commands a terminal: whoever sends an image writes the texts of its header, and what is
 * shown of it must not move the cursor or rewrite what stands above it.
 */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

const withoutControl = (text: string): string => text.replace(CONTROL, '\ufffd');

/** A value in one line of a table or a list. */
export const show = (value: unknown): string => {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'string') return value === '' ? '-' : value;
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(show).join(', ');
  if (typeof value === 'object') {
    const entries = Object.entries(value);
    return entries.length === 0
      ? '-'
      : entries.map(([name, inner]) => `${name}=${show(inner)}`).join(', ');
  }
  return JSON.stringify(value);
};

/** `2026-05-31T14:00:00.250Z` without what nobody reads in a table. */
export const showTime = (iso: string | null): string =>
  iso === null ? '-' : iso.replace('T', ' ').replace(/Z$/, '');

/** Time from one moment to the next, such as `1.2 s`. */
export const showDuration = (from: string | null, to: string | null): string =>
  from === null || to === null
    ? '-'
    : `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1)} s`;

export class Output {
  readonly json: boolean;
  readonly #writers: Writers;

  constructor(json: boolean, writers: Writers = processWriters) {
    this.json = json;
    this.#writers = writers;
  }

  line(text = ''): void {
    this.#writers.out(`${withoutControl(text)}\n`);
  }

  /** As it is, without a line end. */
  raw(text: string): void {
    this.#writers.out(text);
  }

  message(text: string): void {
    this.#writers.error(`${text}\n`);
  }

  notes(notes: readonly string[]): void {
    for (const note of notes) this.message(`note: ${note}`);
  }

  document(value: unknown): void {
    // JSON may hold some of them as they are: escaped, the value is the same.
    const text = JSON.stringify(value, undefined, 2).replace(
      CONTROL,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    this.line(text);
  }

  /** The rows as a table, or with --json as an array. */
  list<T>(rows: readonly T[], columns: readonly Column<T>[], empty: string): void {
    if (this.json) this.document(rows);
    else if (rows.length === 0) this.message(empty);
    else this.table(rows, columns);
  }

  table<T>(rows: readonly T[], columns: readonly Column<T>[]): void {
    const lines = [
      columns.map(({ title }) => title),
      // A message of several lines is one cell.
      ...rows.map((row) => columns.map(({ value }) => show(value(row)).replace(/\s+/g, ' '))),
    ];
    const widths = columns.map((_, index) =>
      Math.max(...lines.map((cells) => cells[index]?.length ?? 0)),
    );
    for (const cells of lines) {
      this.line(
        cells
          .map((cell, index) => cell.padEnd(widths[index] ?? 0))
          .join('  ')
          .trimEnd(),
      );
    }
  }

  /** One thing, field by field, or with --json as an object. */
  object(value: Readonly<Record<string, unknown>>): void {
    if (this.json) {
      this.document(value);
      return;
    }
    const width = Math.max(...Object.keys(value).map((name) => name.length));
    for (const [name, field] of Object.entries(value)) {
      const indented = show(field).replaceAll('\n', `\n${' '.repeat(width + 2)}`);
      this.line(`${name.padEnd(width)}  ${indented}`);
    }
  }
}
