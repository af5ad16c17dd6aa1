/**
 * The last container of a docker job's task, which runs beside the user's: follows its output, ends the task when
 * the job's time is up or the job is not this attempt's any more, and afterwards runs the post scripts and tells the
 * outcome. It is the task's essential container: when it ends, ECS stops what is left of the task.
 */
import { constants } from 'node:fs';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { TASK_CONTAINERS } from '../../core/contracts/docker-task.ts';
import { errorFacts } from '../../core/contracts/message-body.ts';
import type { DockerSettings } from '../../core/contracts/worker-item.ts';
import { serviceJob } from '../execution/job-document.ts';
import { MAX_RESULT_BYTES, outcomeOf, failure, type AttemptOutcome } from '../execution/outcome.ts';
import { watchJob } from '../job-watch.ts';
import { containerEnd, type ContainerEnd, type TaskMetadataEndpoint } from './container-watch.ts';
import { runScripts } from './scripts.ts';
import { openTaskLog, tellOutcome, type TaskDependencies, type TaskLog } from './task.ts';
import type { TaskState } from './task-state.ts';

/** What the container has written, beside `main.py`. */
const OUTPUT_FILE = 'output.log';
const FOLLOW_EVERY_MS = 500;
const TAIL_LINES = 30;
const KILLED = 137;

export interface ReportDependencies extends TaskDependencies {
  readonly metadata: TaskMetadataEndpoint;
}

/** A file that the user's container made: never a link to somewhere else, never a pipe. */
const openMade = (path: string): Promise<FileHandle | undefined> =>
  open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );

/** Copies what the file grows by into the log; the function it answers with takes the rest and stops. */
const followOutput = (path: string, log: TaskLog): (() => Promise<void>) => {
  let offset = 0;
  let reading: Promise<void> | undefined;
  const take = async (): Promise<void> => {
    const file = await openMade(path);
    if (file === undefined) return;
    try {
      const buffer = Buffer.alloc(1 << 16);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
        if (bytesRead === 0) return;
        offset += bytesRead;
        log.write(Buffer.from(buffer.subarray(0, bytesRead)));
      }
    } finally {
      await file.close();
    }
  };
  const look = (): void => {
    reading ??= take()
      .catch(() => undefined)
      .finally(() => (reading = undefined));
  };
  const timer = setInterval(look, FOLLOW_EVERY_MS);
  return async () => {
    clearInterval(timer);
    await reading;
    await take().catch(() => undefined);
  };
};

const resultText = async (module: string): Promise<string | undefined | { bytes: number }> => {
  const file = await openMade(join(module, 'result.json'));
  if (file === undefined) return undefined;
  try {
    const facts = await file.stat();
    if (!facts.isFile()) return '';
    return facts.size > MAX_RESULT_BYTES ? { bytes: facts.size } : await file.readFile('utf8');
  } finally {
    await file.close();
  }
};

/** What a person must know of how the image was run, where that was not as it should be: see local/. */
const STAND_IN_FILE = 'stand-in.txt';

const standInOf = (folder: string): Promise<string | undefined> =>
  readFile(join(folder, STAND_IN_FILE), 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );

const tailOf = (log: TaskLog): string =>
  log.tail().trimEnd().split('\n').slice(-TAIL_LINES).join('\n');

const outcomeOfContainer = async (
  { folders, tools }: ReportDependencies,
  settings: DockerSettings,
  { exitCode }: ContainerEnd,
  timeoutSeconds: number,
  log: TaskLog,
): Promise<AttemptOutcome> => {
  const text = await resultText(folders.module);
  if (exitCode === undefined) {
    return failure({
      type: 'ContainerNotRun',
      message: 'the container was not started, or ECS tells no exit code of it',
      traceback: '',
    });
  }
  if (exitCode !== 0) {
    const memory = exitCode === KILLED ? '; it was killed, and may have run out of memory' : '';
    return failure({
      type: 'ContainerFailed',
      message: `the container ended with exit code ${exitCode}${memory}`,
      traceback: tailOf(log),
    });
  }
  // A command of the worker's own knows no result.json: its exit code is all that it has to say.
  if (text === undefined && (settings.command ?? []).length > 0) {
    return { state: 'SUCCEEDED', resultJson: 'null' };
  }
  const limits = { timeoutSeconds, memoryBytes: tools.memoryLimitBytes };
  return outcomeOf({ kind: 'exited', code: 0, signal: null }, text, limits);
};

const watched = async (
  deps: ReportDependencies,
  settings: DockerSettings,
  state: TaskState,
  log: TaskLog,
): Promise<AttemptOutcome | undefined> => {
  const work = serviceJob(state.job);
  if (work === undefined) throw new Error('the job is no service’s');
  const { timeoutSeconds } = work;
  const { folders, signals, metadata } = deps;
  const watch = watchJob(deps.store, state.job, (error) => {
    deps.logger.warn('a job could not be watched', { jobId: state.job.id, ...errorFacts(error) });
  });
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
  const ended = AbortSignal.any([signals.stopping, watch.cancelled, timeout]);
  const stopFollowing = followOutput(join(folders.module, OUTPUT_FILE), log);
  try {
    const end = await containerEnd(metadata, TASK_CONTAINERS.user, ended);
    await stopFollowing();
    if (end === undefined) {
      if (watch.cancelled.aborted) log.note('the job was cancelled: the container is stopped');
      if (signals.stopping.aborted || watch.cancelled.aborted) return undefined;
      return outcomeOf({ kind: 'timed-out' }, undefined, { timeoutSeconds, memoryBytes: 0 });
    }
    const outcome = await outcomeOfContainer(deps, settings, end, timeoutSeconds, log);
    if (outcome.state !== 'SUCCEEDED') {
      if (settings.postScripts.length > 0) {
        log.note('post scripts were not run, because the container did not succeed');
      }
      return outcome;
    }
    const post = await runScripts(
      {
        ...{ work, log, groupId: state.groupId, tools: deps.tools },
        workerFolder: deps.workerFolder,
        sessionFolder: folders.session,
        folder: folders.private,
        signals: { stopping: signals.stopping, cancelled: watch.cancelled },
      },
      settings.postScripts,
    );
    return post.outcome?.state === 'SUCCEEDED' ? outcome : post.outcome;
  } finally {
    watch.stop();
    await stopFollowing();
  }
};

/** False when there was nobody to report it to. */
export const reportJob = async (
  deps: ReportDependencies,
  settings: DockerSettings,
  state: TaskState,
): Promise<boolean> => {
  const log = openTaskLog(deps, state.job, state.log);
  let outcome: AttemptOutcome | undefined;
  try {
    outcome = await watched(deps, settings, state, log);
    const standIn = await standInOf(deps.folders.private);
    if (standIn !== undefined) {
      log.note(standIn);
      if (outcome?.state === 'SUCCEEDED') outcome = { ...outcome, reason: `Note: ${standIn}.` };
    }
    if (outcome?.error !== undefined) log.note(outcome.error.message);
  } finally {
    await log.close();
  }
  if (outcome === undefined) return false;
  await tellOutcome(deps, state.job, outcome, state.token);
  return true;
};
