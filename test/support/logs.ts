/** What a program logs, as data. */
export interface RecordedLogs {
  readonly entries: { level: string; message: string; facts: object }[];
  readonly logger: {
    info(message: unknown, ...facts: unknown[]): void;
    warn(message: unknown, ...facts: unknown[]): void;
    error(message: unknown, ...facts: unknown[]): void;
  };
}

export const recordedLogs = (): RecordedLogs => {
  const entries: RecordedLogs['entries'] = [];
  const at =
    (level: string) =>
    (message: unknown, ...facts: unknown[]) => {
      entries.push({
        level,
        message: String(message),
        facts: Object.assign({}, ...facts) as object,
      });
    };
  return { entries, logger: { info: at('info'), warn: at('warn'), error: at('error') } };
};
