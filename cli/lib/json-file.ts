/** JSON that a command reads from a file. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { CommandFailed } from './failures.ts';

/** Stands for standard input where a file is named. */
export const STANDARD_INPUT = '-';

/** Throws CommandFailed with the file's name when it cannot be read, or is not what `parse` takes. */
export const jsonOf = async (
  file: string,
  parse: (content: string) => unknown = JSON.parse,
): Promise<unknown> => {
  let content: string;
  try {
    content = file === STANDARD_INPUT ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new CommandFailed(`the file ${file} cannot be read (${code})`);
  }
  try {
    return parse(content);
  } catch (error) {
    throw new CommandFailed(
      `${file} is no JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
};
