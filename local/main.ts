/** `npm start`: one Gantry on this computer, until Ctrl-C. Ends with 0 when it was told to, else with 1. */
import { StateNotKept } from './emulator-state.ts';
import { startGantry } from './gantry.ts';
import { createProgress, describeReady, write } from './output.ts';
import { loadSettings } from './settings.ts';
import { stopSignal } from './stop-signal.ts';

const quiet = process.argv.includes('--quiet');
const stop = stopSignal();

try {
  const progress = createProgress({ quiet });
  const gantry = await startGantry(loadSettings(process.env), {
    progress: progress.step,
    signal: stop.signal,
  });
  write(describeReady(gantry, progress.seconds()));
  const failure = await Promise.race([gantry.failed, stop.requested]);
  if (failure !== undefined) {
    process.exitCode = 1;
    write(`${failure.message}\nStopping everything.`);
  } else {
    write('Stopping …');
  }
  await gantry.stop();
  if (failure === undefined) write('Stopped.');
} catch (error) {
  if (stop.signal.aborted && !(error instanceof StateNotKept)) {
    write('Stopped before it was ready.');
  } else {
    write(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
// Connections that were kept open would hold the process for seconds.
process.exit();
