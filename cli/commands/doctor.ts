/**
 * `gantry doctor`: asks a deployment whether it works: its API, its AWS account, its listener, and with a synthetic
 * study the whole way.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import {
  AccountReport,
  SessionPage,
  Status,
  type SessionSummary,
} from '../../core/contracts/api.ts';
import { ENDED_SESSION_STATES } from '../../core/contracts/vocabulary.ts';
import { AssociationFailed } from '../dimse/association-failed.ts';
import { sendEcho, type PeerOptions } from '../dimse/send-echo.ts';
import { sendFiles } from '../dimse/send-files.ts';
import { writeSyntheticStudy } from '../dimse/synthetic-study.ts';
import type { ApiClient } from '../lib/api-client.ts';
import { addCommand } from '../lib/command.ts';
import { peerOf, withPeer, type PeerArguments } from '../lib/dimse-peer.ts';
import { CommandFailed } from '../lib/failures.ts';

interface DoctorArguments extends PeerArguments {
  readonly study?: boolean;
  readonly wait?: string;
}

interface Check {
  readonly check: string;
  readonly ok: boolean;
  /** What was seen, or what is wrong. */
  readonly says: string;
}

const POLL_MS = 1000;

const checkApi = async (api: ApiClient): Promise<Check[]> => {
  const { version, problems, parkedDeliveries } = await api.get(Status, '/status');
  return [
    { check: 'API', ok: true, says: `answers, version ${version}` },
    {
      check: 'configuration',
      ok: problems.length === 0,
      says: problems.join('; ') || 'no problems',
    },
    {
      check: 'deliveries',
      ok: parkedDeliveries === 0,
      says: `${parkedDeliveries} given up by job processors`,
    },
  ];
};

/** Quotas and images of the AWS account; none on one computer. */
const checkAccount = async (api: ApiClient): Promise<Check[]> =>
  (await api.get(AccountReport, '/account')).checks;

const checkEcho = async (peer: PeerOptions): Promise<Check> => {
  const where = `${peer.calledAe} at ${peer.host}:${peer.port}`;
  try {
    const { status, milliseconds } = await sendEcho(peer);
    return {
      check: 'C-ECHO',
      ok: status === 0,
      says: `${where} answered with status ${status} in ${milliseconds.toFixed(0)} ms`,
    };
  } catch (error) {
    if (!(error instanceof AssociationFailed)) throw error;
    return { check: 'C-ECHO', ok: false, says: `${where}: ${error.message}` };
  }
};

const sessionsEnded = async (
  api: ApiClient,
  studyInstanceUid: string,
  seconds: number,
): Promise<Check> => {
  const deadline = Date.now() + 1000 * seconds;
  let seen: readonly SessionSummary[] = [];
  while (Date.now() < deadline) {
    ({ items: seen } = await api.get(SessionPage, `/sessions?study=${studyInstanceUid}`));
    if (seen.length > 0 && seen.every(({ state }) => ENDED_SESSION_STATES.has(state))) {
      const failed = seen.filter(({ state }) => state === 'FAILED' || state === 'CANCELLED');
      return {
        check: 'sessions',
        ok: failed.length === 0,
        says: seen.map(({ id, state }) => `${id} ${state}`).join(', '),
      };
    }
    await sleep(POLL_MS);
  }
  const found = seen.map(({ id, state }) => `${id} ${state}`).join(', ') || 'none was created';
  return {
    check: 'sessions',
    ok: false,
    says: `not ended after ${seconds} s: ${found}; ask with: gantry explain ${studyInstanceUid}`,
  };
};

const checkStudy = async (api: ApiClient, peer: PeerOptions, seconds: number): Promise<Check[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-doctor-'));
  try {
    const study = await writeSyntheticStudy(folder, peer.callingAe, peer.calledAe);
    const { stored, failed, files } = await sendFiles({ ...peer, paths: study.files });
    const refused = files.find(({ outcome }) => outcome !== 'stored');
    const sent: Check = {
      check: 'C-STORE',
      ok: failed === 0,
      says: refused?.message ?? `${stored} images of the synthetic study were stored`,
    };
    return sent.ok ? [sent, await sessionsEnded(api, study.studyInstanceUid, seconds)] : [sent];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

export const addDoctorCommand = (program: Command): void => {
  addCommand<DoctorArguments>(
    program,
    'doctor',
    'asks a deployment whether it works, with a C-ECHO and, if asked for, a synthetic study',
    (command) =>
      withPeer(command)
        .option('--to <aet>', 'the called AE title', 'GANTRY')
        .option('--study', 'send a study of an invented patient, and wait for its sessions')
        .option('--wait <seconds>', 'for the sessions of the study', '300'),
    async ({ api, output, environment }, _, options) => {
      const peer = await peerOf(options, environment);
      const checks = [
        ...(await checkApi(api)),
        ...(await checkAccount(api)),
        await checkEcho(peer),
      ];
      if (options.study === true) {
        checks.push(...(await checkStudy(api, peer, Number(options.wait ?? 300))));
      }
      if (output.json) output.document({ checks });
      else {
        for (const { check, ok, says } of checks) {
          output.line(`${ok ? 'ok    ' : 'FAILED'}  ${check}: ${says}`);
        }
      }
      const failed = checks.filter(({ ok }) => !ok).length;
      if (failed > 0) throw new CommandFailed(`${failed} of ${checks.length} checks failed`);
    },
  );
};
