/**
 * What a callback prints, kept as an object of the bucket: uploaded while it runs, so that a person can follow
 * it, and whole at the end. It only ever grows, because who follows it reads on from where he was; beyond its
 * bound the beginning is what is kept, and its last lines say how much was cut.
 */
import type { ObjectStore } from '../../core/contracts/ports.ts';

export const MAX_LOG_BYTES = 8 * 1024 * 1024;
const UPLOAD_INTERVAL_MS = 2000;

export interface JobLog {
  /** What the callback wrote. */
  readonly write: (chunk: Buffer) => void;
  /** A line of the platform's own; kept whatever the bound. */
  readonly note: (line: string) => void;
  /** Uploads the whole log, for the last time. */
  readonly close: () => Promise<void>;
}

/** A log that also tells what is kept of what was written to it. */
export interface ReadableLog extends JobLog {
  readonly text: () => string;
}

export const jobLog = (options: {
  objects: ObjectStore;
  key: string;
  /** Told of uploads that failed while the callback runs; the next one has everything. */
  onUploadFailed: (error: unknown) => void;
  maxBytes?: number;
  intervalMs?: number;
}): ReadableLog => {
  const { objects, key, maxBytes = MAX_LOG_BYTES } = options;
  const kept: Buffer[] = [];
  const notes: string[] = [];
  let bytes = 0;
  let cut = 0;
  let grown = false;
  let uploading: Promise<void> | undefined;

  const whole = (): Buffer => {
    const last = kept.at(-1);
    const closing = [
      ...(cut === 0 ? [] : [`[gantry] ${cut} bytes were cut: a log holds ${maxBytes}`]),
      ...notes,
    ].map((line) => `${line}\n`);
    // A line of ours begins a line.
    if (closing.length > 0 && last !== undefined && last.at(-1) !== 0x0a) closing.unshift('\n');
    return Buffer.concat([...kept, Buffer.from(closing.join(''))]);
  };
  const put = async (body: Buffer): Promise<void> => {
    await objects.put(key, body, { length: body.length, contentType: 'text/plain; charset=utf-8' });
  };
  const timer = setInterval(() => {
    if (!grown || uploading !== undefined) return;
    grown = false;
    uploading = put(Buffer.concat(kept))
      .catch((error: unknown) => {
        grown = true;
        options.onUploadFailed(error);
      })
      .finally(() => (uploading = undefined));
  }, options.intervalMs ?? UPLOAD_INTERVAL_MS);

  return {
    write: (chunk) => {
      const room = maxBytes - bytes;
      const fits = chunk.length <= room ? chunk : chunk.subarray(0, room);
      cut += chunk.length - fits.length;
      if (fits.length === 0) return;
      kept.push(fits);
      bytes += fits.length;
      grown = true;
    },
    note: (line) => {
      notes.push(`[gantry] ${line}`);
    },
    text: () => Buffer.concat(kept).toString('utf8'),
    close: async () => {
      clearInterval(timer);
      await uploading;
      await put(whole());
    },
  };
};
