/** What the tests of this folder share: packages on the one running Gantry, and a patient to send to them. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Session } from '../../../core/contracts/api.ts';
import { preparePythonTools } from '../../../scripts/python-tools.ts';
import type { RunningGantry } from '../../support/gantry.ts';
import { packageFolder } from '../../support/package-folders.ts';
import { aPackage, type PackageFiles } from '../../support/packages.ts';
import { runProgram } from '../../support/program.ts';
import { sent, storescu } from '../../support/senders.ts';

const Patient = z.object({
  patientId: z.string(),
  files: z.array(z.string()),
  studies: z.array(z.object({ studyInstanceUid: z.string(), series: z.array(z.string()) })),
});
export type Patient = z.infer<typeof Patient>;

export interface PackageFacts {
  readonly name: string;
  readonly version?: string;
  readonly jobs: readonly Record<string, unknown>[];
  /** Further fields of `service`. */
  readonly service?: object;
  /** Texts of the two `__init__.py`. */
  readonly registry?: string;
  readonly module?: string;
  readonly files?: PackageFiles;
}

export const YES = 'def callback(**keywords):\n    return True\n';
export const NAME = 'def worker(job_name, **keywords):\n    return job_name\n';

/** The folder of a package; callbacks say yes and workers return the job's name unless told. */
export const aServiceFolder = ({
  registry = YES,
  module = NAME,
  files = {},
  ...facts
}: PackageFacts) =>
  packageFolder(
    aPackage(
      { ...facts, jobs: [...facts.jobs] },
      { 'registry/__init__.py': registry, 'module/__init__.py': module, ...files },
    ),
  );

export const aPatient = async (): Promise<Patient> => {
  const tools = await preparePythonTools();
  const folder = mkdtempSync(join(tmpdir(), 'gantry-patient-'));
  const script = join(import.meta.dirname, 'patient.py');
  const outcome = await runProgram(tools.program('python'), [script, folder]);
  if (outcome.code !== 0) throw new Error(outcome.stderr);
  return Patient.parse(JSON.parse(outcome.stdout));
};

/** A session here has dozens of jobs, and stands behind those that other files have left at work. */
const LIMIT_MS = 240_000;

/** Sends them to the AE title; the one session that comes of it, ended. */
export const sessionOf = async (
  gantry: RunningGantry,
  aeTitle: string,
  {
    files,
    studyInstanceUid,
  }: { readonly files: readonly string[]; readonly studyInstanceUid: string },
): Promise<Session> => {
  await sent(storescu({ port: gantry.address.dimsePort, calledAeTitle: aeTitle }, files));
  return gantry.endedSession(studyInstanceUid, LIMIT_MS);
};
