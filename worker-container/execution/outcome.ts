/**
 * What came of a callback's process, as the job's outcome: from the `result.json` that the shim left, or, where
 * there is none, from how the process ended. Pure: the file's text and the process's end go in.
 */
import { z } from 'zod';
import { JobError } from '../../core/contracts/items.ts';
import type { JobOutcome } from '../../core/running/session-store.ts';
import type { ProcessEnd } from './callback-process.ts';

/** A result that a job may hand back; larger things are session files. */
export const MAX_RESULT_BYTES = 64 * 1024 * 1024;
/** Beyond this the result is an object in the bucket. */
export const MAX_INLINE_RESULT_BYTES = 32 * 1024;
/** Of all three: an item of the table holds 400 KB, and the service's code writes them as it likes. */
const MAX_TYPE_LENGTH = 256;
const MAX_MESSAGE_LENGTH = 4 * 1024;
const MAX_TRACEBACK_LENGTH = 32 * 1024;

const ResultFile = z.union([
  z.strictObject({ error: JobError }),
  // `result` may be null, but it is there.
  z.object({ result: z.unknown() }).refine((value) => 'result' in value),
]);

/** What is to be stored: the outcome, and the result's text beside it. */
export interface AttemptOutcome {
  readonly state: JobOutcome['state'];
  readonly reason?: string;
  readonly error?: JobError;
  readonly resultJson?: string;
}

/** Keeps beginning and end: the first says where it began, the last what went wrong. */
const shortened = (text: string, most: number): string => {
  if (text.length <= most) return text;
  const half = Math.floor(most / 2);
  return `${text.slice(0, half)}\n… ${text.length - 2 * half} characters …\n${text.slice(-half)}`;
};

export const failure = (error: JobError): AttemptOutcome => ({
  state: 'FAILED',
  reason: shortened(`${error.type}: ${error.message}`, 512),
  error: {
    type: shortened(error.type, MAX_TYPE_LENGTH),
    message: shortened(error.message, MAX_MESSAGE_LENGTH),
    traceback: shortened(error.traceback, MAX_TRACEBACK_LENGTH),
  },
});

const withoutTraceback = (type: string, message: string): AttemptOutcome =>
  failure({ type, message, traceback: '' });

const death = (end: Extract<ProcessEnd, { kind: 'exited' }>): string => {
  if (end.signal === 'SIGKILL') {
    return 'the process was killed (SIGKILL) before the callback returned; it may have run out of memory';
  }
  if (end.signal !== null) {
    return `the process was ended by ${end.signal} before the callback returned`;
  }
  return `the process ended with exit code ${end.code ?? 0} before the callback returned`;
};

const outcomeOfFile = (text: string): AttemptOutcome => {
  let parsed: z.infer<typeof ResultFile>;
  try {
    parsed = ResultFile.parse(JSON.parse(text));
  } catch {
    return withoutTraceback('ResultUnreadable', 'what the callback left as its result is no JSON');
  }
  return 'error' in parsed
    ? failure(parsed.error)
    : { state: 'SUCCEEDED', resultJson: JSON.stringify(parsed.result) };
};

/** `resultText`: the text of `result.json`, `undefined` if there is none, or its size if that is too large. */
export const outcomeOf = (
  end: Exclude<ProcessEnd, { kind: 'aborted' }>,
  resultText: string | undefined | { readonly bytes: number },
  limits: { readonly timeoutSeconds: number; readonly memoryBytes: number },
): AttemptOutcome => {
  if (end.kind === 'timed-out') {
    const message = `the callback ran longer than its timeout of ${limits.timeoutSeconds} s and was ended`;
    return {
      state: 'TIMED_OUT',
      reason: message,
      error: { type: 'TimedOut', message, traceback: '' },
    };
  }
  if (end.kind === 'memory-exceeded') {
    const mebibytes = Math.floor(limits.memoryBytes / 1024 ** 2);
    return withoutTraceback(
      'MemoryLimitExceeded',
      `the callback used more memory than its limit of ${mebibytes} MiB and was ended`,
    );
  }
  // A process that left a whole result did its work, however it ended after that.
  if (typeof resultText === 'string') return outcomeOfFile(resultText);
  if (resultText !== undefined) {
    return withoutTraceback(
      'ResultTooLarge',
      `the callback returned ${resultText.bytes} bytes of JSON; at most ${MAX_RESULT_BYTES} are kept: use upload_session_file`,
    );
  }
  return withoutTraceback(
    'ProcessDied',
    end.kind === 'returned' ? 'the callback removed its result' : death(end),
  );
};
