/** Installing packages from their sources: each is packed, uploaded and installed by itself. */
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { z } from 'zod';
import { Upload, type WorkerInstallation } from '../../core/contracts/api-packages.ts';
import type { ApiClient } from './api-client.ts';
import { ApiRefused, CommandFailed, failureLines } from './failures.ts';
import type { Output } from './output.ts';
import { packageZip } from './package-source.ts';

const upload = async (api: ApiClient, file: string): Promise<string> => {
  const { uploadId, url } = await api.post(Upload, '/uploads');
  const { size } = await stat(file);
  let answer: Response;
  try {
    answer = await fetch(url, {
      method: 'PUT',
      body: Readable.toWeb(createReadStream(file)) as ReadableStream,
      headers: { 'content-length': String(size) },
      duplex: 'half',
    });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new CommandFailed(
      `the package cannot be uploaded to ${new URL(url).host}: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
  if (!answer.ok) {
    throw new CommandFailed(`the upload was refused: ${answer.status} ${answer.statusText}`);
  }
  return uploadId;
};

/** Where uploads are installed, and what is said of each that was. */
export interface PackageKind<T> {
  readonly path: '/services' | '/workers';
  readonly schema: z.ZodType<T>;
  readonly tell: (installation: T) => void;
}

const install = async <T>(
  api: ApiClient,
  source: string,
  force: boolean,
  { path, schema }: PackageKind<T>,
): Promise<T> => {
  const temporary = await mkdtemp(join(tmpdir(), 'gantry-package-'));
  try {
    const uploadId = await upload(api, await packageZip(source, temporary));
    return await api.post(schema, path, { uploadId, force });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
};

/** Whether the package lacks others alone, which may come with the same command. */
const lacksOthers = (error: unknown): boolean =>
  error instanceof ApiRefused && error.problem.code === 'unmet-requirements';

/**
 * Each source by itself: what one of them lacks does not keep the others out. One that requires another of them is
 * installed after it, whatever their order.
 */
export const installAll = async <T>(
  sources: readonly string[],
  force: boolean,
  api: ApiClient,
  output: Output,
  kind: PackageKind<T>,
): Promise<void> => {
  const done: T[] = [];
  const tellRefused = (source: string, error: unknown): void => {
    output.message(`${source}:`);
    for (const line of failureLines(error)) output.message(line);
  };
  let waiting = new Map<string, unknown>();
  let asked: Iterable<string> = sources;
  let before: number;
  do {
    before = done.length;
    waiting = new Map();
    for (const source of asked) {
      try {
        const installation = await install(api, source, force, kind);
        done.push(installation);
        kind.tell(installation);
      } catch (error) {
        if (lacksOthers(error)) waiting.set(source, error);
        else tellRefused(source, error);
      }
    }
    asked = [...waiting.keys()];
  } while (waiting.size > 0 && done.length > before);
  for (const [source, error] of waiting) tellRefused(source, error);
  if (output.json) output.document(done);
  const failed = sources.length - done.length;
  if (failed > 0) throw new CommandFailed(`${failed} of ${sources.length} packages not installed`);
};

export const tellWorker = (
  output: Output,
  { outcome, worker, notes }: WorkerInstallation,
): void => {
  output.message(`${outcome}: worker ${worker.name} ${worker.version ?? ''}`);
  output.notes(notes);
};
