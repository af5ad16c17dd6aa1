import { expect, it } from 'vitest';
import { Output } from '../../cli/lib/output.ts';

/** Clears the screen, in two encodings, and a line end. */
const NAME = 'DOE\u001b[2J\u009b2J^JANE';

const written = (json: boolean, write: (output: Output) => void): string => {
  const texts: string[] = [];
  write(
    new Output(json, {
      out: (text) => texts.push(text),
      error: () => undefined,
    }),
  );
  return texts.join('');
};

it('a text of an image commands no terminal, in a table, an object or a sentence', () => {
  const columns = [{ title: 'patient', value: ({ name }: { name: string }) => name }];
  const shown = written(false, (output) => {
    output.list([{ name: NAME }], columns, 'none');
    output.object({ name: NAME });
    output.line(`of ${NAME}\tand\nmore`);
  });

  expect(shown).not.toMatch(/[\u001b\u009b]/);
  expect(shown.match(/DOE\ufffd\[2J\ufffd2J\^JANE/g)).toHaveLength(3);
  expect(shown).toContain('\tand\nmore');
});

it('a text of an image is the same in JSON, and commands no terminal there either', () => {
  const shown = written(true, (output) => {
    output.object({ name: NAME });
  });

  expect(shown).not.toMatch(/[\u001b\u009b]/);
  expect(JSON.parse(shown)).toEqual({ name: NAME });
});
