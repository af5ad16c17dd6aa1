/**
 * What the programs of a running Gantry have logged since a moment, and which of its processes there are: what
 * explains a failed test where nobody can look into the data folder afterwards.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { processIdsOf } from './processes-of.ts';

const MOST_LINES = 150;
const MOST_CHARACTERS = 600;

/** Thousands of them say nothing: LocalStack's requests that went well and events that nobody wants, the audit trail, and metrics. */
const NO_NEWS = /=> 2\d\d$|No rules matched for|\{"stream":"audit"|\{"_aws"/;

const filesOf = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => statSync(join(folder, name)).isFile())
        .sort()
    : [];

const indented = (line: string): string => `  ${line.slice(0, MOST_CHARACTERS)}`;

const processes = (dataDirectory: string): string => {
  const pids = processIdsOf(dataDirectory);
  if (pids.length === 0) return '  none';
  const columns = ['-o', 'pid=,stat=,etime=,rss=,args=', '-ww', '-p', pids.join(',')];
  try {
    return execFileSync('ps', columns, { encoding: 'utf8' })
      .trimEnd()
      .split('\n')
      .map((line) => indented(line.replaceAll(dataDirectory, '…')))
      .join('\n');
  } catch {
    return '  all have just ended';
  }
};

/** Reads on where it read last; of each log the last 150 lines at most. */
export class GantryLogs {
  readonly #dataDirectory: string;
  readonly #folder: string;
  readonly #read = new Map<string, number>();

  /** What is there already is not told. */
  constructor(dataDirectory: string) {
    this.#dataDirectory = dataDirectory;
    this.#folder = join(dataDirectory, 'logs');
    for (const name of filesOf(this.#folder)) this.#newLines(name);
  }

  #newLines(name: string): string[] {
    const bytes = readFileSync(join(this.#folder, name));
    const before = this.#read.get(name) ?? 0;
    this.#read.set(name, bytes.length);
    // A program that was started again has a new log.
    const from = before > bytes.length ? 0 : before;
    const lines = bytes.subarray(from).toString('utf8').split('\n');
    return lines.filter((line) => line.trim() !== '' && !NO_NEWS.test(line));
  }

  /** The processes as `ps` shows them, and what is new in each log, for people. */
  news(): string {
    const logs = filesOf(this.#folder).flatMap((name) => {
      const lines = this.#newLines(name);
      if (lines.length === 0) return [];
      const last = lines.slice(-MOST_LINES);
      return [
        `The last ${last.length} of ${lines.length} new lines of ${name}:`,
        ...last.map(indented),
      ];
    });
    return ['Processes of Gantry:', processes(this.#dataDirectory), ...logs].join('\n');
  }
}
