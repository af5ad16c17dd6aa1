/**
 * Reads the wanted top-level elements from the first bytes of a data set in any transfer syntax. A deflated
 * data set is inflated no further than its header needs, and never beyond a limit that no header reaches.
 */
import { createInflateRaw, type InflateRaw } from 'node:zlib';
import { createElementParser, type ParsedHeader } from './element-parser.ts';
import { encodingOf } from './transfer-syntaxes.ts';

export interface HeaderReader {
  /** Undefined when the chunk has been looked at, else it resolves then; never rejects. */
  write(chunk: Uint8Array): Promise<void> | undefined;
  readonly finished: boolean;
  /** No more bytes come: what was found. */
  end(): Promise<ParsedHeader>;
  /** Lets go of what a reader that was not ended holds. */
  close(): void;
}

/** A few kilobytes can inflate to gigabytes; a header before Pixel Data has at most some megabytes. */
const MAX_INFLATED_BYTES = 256 * 1024 * 1024;

export const createHeaderReader = (
  transferSyntaxUid: string,
  wanted: ReadonlySet<number>,
): HeaderReader => {
  const encoding = encodingOf(transferSyntaxUid);
  const parser = createElementParser(encoding, wanted);
  if (!encoding.deflated) {
    return {
      write: (chunk) => {
        parser.write(chunk);
        return undefined;
      },
      get finished() {
        return parser.finished;
      },
      end: () => Promise.resolve(parser.result()),
      close: () => undefined,
    };
  }

  const inflater: InflateRaw = createInflateRaw();
  let inflatedBytes = 0;
  let problem: string | undefined;
  let over = false;
  const stop = (): void => {
    over = true;
    inflater.destroy();
  };
  inflater.on('data', (chunk: Buffer) => {
    if (over) return;
    inflatedBytes += chunk.length;
    parser.write(chunk);
    if (parser.finished) stop();
    else if (inflatedBytes > MAX_INFLATED_BYTES) {
      problem = 'the header inflates beyond every bound';
      stop();
    }
  });
  const closed = new Promise<void>((resolve) => {
    inflater.on('close', resolve);
    inflater.on('end', resolve);
    inflater.on('error', () => {
      problem ??= 'the deflated data set cannot be inflated';
      over = true;
      resolve();
    });
  });
  return {
    write: (chunk) => {
      if (over || chunk.length === 0) return undefined;
      const written = new Promise<void>((resolve) => {
        inflater.write(chunk, () => {
          resolve();
        });
      });
      return Promise.race([written, closed]);
    },
    get finished() {
      return over || parser.finished;
    },
    end: async () => {
      if (!over) {
        inflater.end();
        await closed;
      }
      const result = parser.result();
      return problem === undefined || parser.finished ? result : { ...result, problem };
    },
    close: stop,
  };
};
