/**
 * A program: our listener with everything but what is behind it. It admits everybody, takes every instance and
 * forgets it, so that the upper layer and DIMSE alone are measured. Says its port as the listener's process does.
 */
import { STATUS } from '../../core/dimse/status.ts';
import { DEFAULT_LIMITS, Listener } from '../../listener-container/server.ts';

const MAXIMUM_ASSOCIATIONS = 64;
const ignored = (): void => undefined;

const listener = await Listener.start({
  host: '127.0.0.1',
  port: 0,
  maximumAssociations: MAXIMUM_ASSOCIATIONS,
  limits: DEFAULT_LIMITS,
  policy: { decide: () => Promise.resolve(undefined) },
  refusals: { record: () => Promise.resolve() },
  receiver: {
    begin: () => ({
      write: () => Promise.resolve(),
      end: () => Promise.resolve({ status: STATUS.success }),
      abort: () => Promise.resolve(),
    }),
  },
  log: { info: ignored, warn: ignored, error: ignored },
});
process.stdout.write(`${JSON.stringify({ event: 'listening', dimsePort: listener.port })}\n`);
