/** Ctrl-C, SIGTERM and SIGHUP as a promise and an abort signal; a second Ctrl-C changes nothing. */

export interface StopSignal {
  readonly signal: AbortSignal;
  /** Resolves when somebody wants the program to stop. */
  readonly requested: Promise<undefined>;
}

export const stopSignal = (): StopSignal => {
  const controller = new AbortController();
  const requested = new Promise<undefined>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        controller.abort(new Error(`stopped by ${name}`));
        resolve(undefined);
      });
    }
  });
  return { signal: controller.signal, requested };
};
