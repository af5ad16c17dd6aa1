/**
 * Pre and post scripts of a docker worker: `callback(session_id, …, session_dir, **kwargs)` of a file, called in
 * the worker's Python as a job's callback is, with the SDK and under a user id of its own.
 */
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdtemp, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { runAttempt, type AttemptSignals, type AttemptTools } from '../execution/attempt.ts';
import type { ServiceJob } from '../execution/job-document.ts';
import type { JobLog } from '../execution/job-log.ts';
import { failure, type AttemptOutcome } from '../execution/outcome.ts';

/** The function that dcm-processor calls in each script. */
const ENTRY = 'callback';

export interface ScriptContext {
  readonly tools: AttemptTools;
  readonly work: ServiceJob;
  readonly groupId: string;
  /** The worker's files. */
  readonly workerFolder: string;
  readonly sessionFolder: string;
  /** Of the scripts that succeeded. */
  readonly afterEach?: () => Promise<void>;
  /** Below which a script is put into a package. */
  readonly folder: string;
  readonly log: JobLog;
  readonly signals: AttemptSignals;
}

/** A folder that is imported as `service_module` and has the script's function. */
const packageOf = async (folder: string, script: string): Promise<string> => {
  const target = await mkdtemp(join(folder, 'script-'));
  // Of its own user id, an attempt may read it and nothing beside it.
  await chmod(target, 0o755);
  const name = basename(script, extname(script)).replace(/\W/g, '_');
  await copyFile(script, join(target, `${name}.py`));
  await writeFile(join(target, '__init__.py'), `from .${name} import ${ENTRY}\n`);
  return target;
};

/**
 * Runs the scripts one after another; stops at the first that does not succeed and answers with its outcome.
 * Undefined in `outcome` when it was ended through `signals`.
 */
export const runScripts = async (
  context: ScriptContext,
  scripts: readonly string[],
): Promise<{ readonly outcome: AttemptOutcome | undefined }> => {
  const { tools, groupId, log, signals } = context;
  // A warm process has the service's module, which a script is not.
  const job = { ...context.work.job };
  delete job.keepWarm;
  for (const script of scripts) {
    const file = join(context.workerFolder, script);
    if (!existsSync(file)) {
      const message = `the worker’s package has no file ${script}, which its settings name`;
      return { outcome: failure({ type: 'ScriptMissing', message, traceback: '' }) };
    }
    const module = await packageOf(context.folder, file);
    const outcome = await runAttempt(
      { ...tools, modules: { folderOf: () => Promise.resolve(module) } },
      {
        ...context.work,
        job,
        workerEntry: ENTRY,
        extraArguments: { session_dir: context.sessionFolder, worker_type: 'docker' },
      },
      groupId,
      log,
      signals,
    );
    if (outcome?.state !== 'SUCCEEDED') return { outcome };
    await context.afterEach?.();
  }
  return { outcome: { state: 'SUCCEEDED' } };
};
