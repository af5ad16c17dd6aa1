/** Real DICOM senders: DCMTK's and pynetdicom's. */
import { preparePythonTools } from '../../scripts/python-tools.ts';
import { runProgram, type ProgramOutcome } from './program.ts';

export interface Destination {
  readonly port: number;
  readonly calledAeTitle: string;
  readonly callingAeTitle?: string;
}

// Without it DCMTK waits for Nagle's algorithm between two PDUs.
const DCMTK_ENVIRONMENT = { TCP_NODELAY: '1' };

const titles = ({ callingAeTitle = 'MODALITY', calledAeTitle }: Destination): string[] => [
  ...['-aet', callingAeTitle],
  ...['-aec', calledAeTitle],
];

const address = ({ port }: Destination): string[] => ['127.0.0.1', String(port)];

export const echoscu = (to: Destination): Promise<ProgramOutcome> =>
  runProgram('echoscu', [...titles(to), ...address(to)], DCMTK_ENVIRONMENT);

/** All files in one association. */
export const storescu = (
  to: Destination,
  files: readonly string[],
  ...options: readonly string[]
): Promise<ProgramOutcome> =>
  runProgram('storescu', [...options, ...titles(to), ...address(to), ...files], DCMTK_ENVIRONMENT);

export const dcmsend = (
  to: Destination,
  files: readonly string[],
  ...options: readonly string[]
): Promise<ProgramOutcome> =>
  runProgram('dcmsend', [...options, ...titles(to), ...address(to), ...files], DCMTK_ENVIRONMENT);

export const pynetdicomStorescu = async (
  to: Destination,
  files: readonly string[],
): Promise<ProgramOutcome> => {
  const tools = await preparePythonTools();
  const [file = ''] = files;
  return runProgram(tools.program('python'), [
    ...['-m', 'pynetdicom', 'storescu', ...address(to), file],
    ...titles(to),
  ]);
};

/** Fails with what the sender printed unless it sent everything. */
export const sent = async (sending: Promise<ProgramOutcome>): Promise<void> => {
  const { code, stdout, stderr } = await sending;
  if (code !== 0) throw new Error(`the sender ended with ${code}: ${stdout}${stderr}`);
};
