/**
 * C-STORE of files and folders to an AE title (PS3.4 annex B): every file ends with a status or with the
 * reason why it was not sent, and one that fails does not keep the others from being sent.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { storeRequest } from '../../core/dimse/messages.ts';
import { STATUS, describeStatus, statusClass } from '../../core/dimse/status.ts';
import { AssociationFailed } from './association-failed.ts';
import { openAssociation, type RequestorAssociation } from './association.ts';
import { NotSendable, readDataSet, readPart10, type Part10File } from './part10-file.ts';
import type { PeerOptions } from './send-echo.ts';
import { planAssociations, type PlannedAssociation } from './send-plan.ts';

export interface SendOptions extends PeerOptions {
  /** Files, and folders with all that is in them. */
  readonly paths: readonly string[];
}

export interface FileResult {
  readonly path: string;
  /**
   * `stored`, `warning` and `failed` have a status of the peer; `refused` was not sent because of what the
   * file is; `not-accepted`: the peer takes no such instances; `lost`: the association ended before an answer.
   */
  readonly outcome: 'stored' | 'warning' | 'failed' | 'refused' | 'not-accepted' | 'lost';
  readonly status?: number;
  /** For a person; for a stored file it says so. */
  readonly message: string;
}

export interface SendReport {
  readonly files: readonly FileResult[];
  /** Including those with a warning. */
  readonly stored: number;
  readonly failed: number;
}

/** Called once for each file, when its fate is known. */
export type OnProgress = (result: FileResult, done: number, total: number) => void;

/** All files under the paths, in the order of names. A path that is not there is kept, to be refused by name. */
export const listFiles = async (paths: readonly string[]): Promise<string[]> => {
  const files: string[] = [];
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory() !== true) {
      files.push(path);
      continue;
    }
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const inside = entries.filter((entry) => entry.isFile());
    files.push(...inside.map((entry) => join(entry.parentPath, entry.name)).sort());
  }
  return files;
};

const resultOf = (path: string, status: number, comment?: string): FileResult => {
  const kind = statusClass(status);
  const outcome = kind === 'success' ? 'stored' : kind === 'warning' ? 'warning' : 'failed';
  const said = comment === undefined || comment === '' ? '' : `: ${comment}`;
  return {
    path,
    outcome,
    status,
    message: outcome === 'stored' ? 'stored' : `${describeStatus(status)}${said}`,
  };
};

/** Sends one file on an open association. Throws AssociationFailed, or NotSendable if the file changes meanwhile. */
export const store = async (
  association: RequestorAssociation,
  file: Part10File,
): Promise<FileResult> => {
  const context = association.contexts.find(
    ({ abstractSyntax, transferSyntax }) =>
      abstractSyntax === file.sopClassUid && transferSyntax === file.transferSyntaxUid,
  );
  if (context === undefined) {
    return {
      path: file.path,
      outcome: 'not-accepted',
      message: `the peer does not take SOP class ${file.sopClassUid} in ${file.transferSyntaxUid}`,
    };
  }
  const messageId = association.nextMessageId();
  const request = storeRequest(messageId, file.sopClassUid, file.sopInstanceUid);
  const response = await association.request(context.id, request, {
    length: file.dataSetLength,
    pieces: readDataSet(file, association.pieceLength),
  });
  // No status is not success.
  return resultOf(file.path, response.Status ?? STATUS.processingFailure, response.ErrorComment);
};

type Report = (result: FileResult) => void;

const lost = (path: string, error: AssociationFailed): FileResult => ({
  path,
  outcome: 'lost',
  message: error.message,
});

const sendPlanned = async (
  options: SendOptions,
  planned: PlannedAssociation,
  report: Report,
): Promise<void> => {
  const waiting = [...planned.files];
  let association: RequestorAssociation | undefined;
  try {
    association = await openAssociation({ ...options, contexts: planned.contexts });
    for (let file = waiting[0]; file !== undefined; file = waiting[0]) {
      const result = await store(association, file);
      waiting.shift();
      report(result);
    }
    await association.release();
  } catch (error) {
    association?.abort();
    const [current] = waiting;
    if (error instanceof AssociationFailed) {
      for (const file of waiting) report(lost(file.path, error));
    } else if (current !== undefined) {
      // The file went bad halfway through its data set: only a new association gets the others across.
      const message = error instanceof Error ? error.message : 'it cannot be read';
      report({ path: current.path, outcome: 'refused', message });
      const files = waiting.slice(1);
      if (files.length > 0) await sendPlanned(options, { ...planned, files }, report);
    } else {
      throw error;
    }
  }
};

/** Sends everything that can be sent, and says of each file what became of it. Does not throw for a peer's or a file's fault. */
export const sendFiles = async (
  options: SendOptions,
  onProgress: OnProgress = () => undefined,
): Promise<SendReport> => {
  const paths = await listFiles(options.paths);
  const files: FileResult[] = [];
  const report: Report = (result) => {
    files.push(result);
    onProgress(result, files.length, paths.length);
  };
  const sendable: Part10File[] = [];
  for (const path of paths) {
    try {
      sendable.push(await readPart10(path));
    } catch (error) {
      if (!(error instanceof NotSendable)) throw error;
      report({ path, outcome: 'refused', message: error.message });
    }
  }
  for (const planned of planAssociations(sendable)) await sendPlanned(options, planned, report);
  const stored = files.filter(({ outcome }) => outcome === 'stored' || outcome === 'warning');
  return { files, stored: stored.length, failed: files.length - stored.length };
};
