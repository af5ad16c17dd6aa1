/**
 * What the listener writes to its log: messages with plain facts. Never a data set, a UID or anything else
 * that tells of a patient; of an error only its name, since messages of errors may quote what they choked on.
 */
export interface ListenerLog {
  info(message: string, facts?: Record<string, string | number>): void;
  warn(message: string, facts?: Record<string, string | number>): void;
  error(message: string, facts?: Record<string, string | number>): void;
}

/** The part of an error that is safe to log. */
export const errorName = (error: unknown): string =>
  error instanceof Error ? error.name : 'unknown';
