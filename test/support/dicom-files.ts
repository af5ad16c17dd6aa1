/** Real DICOM files: those that pydicom brings along. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { preparePythonTools } from '../../scripts/python-tools.ts';
import { runProgram } from './program.ts';

const LOCATE = 'import pydicom.data, pathlib; print(pathlib.Path(pydicom.data.__file__).parent)';

/** Paths of files of pydicom's `data/test_files`, by name. */
export const pydicomFiles = async (...names: readonly string[]): Promise<string[]> => {
  const tools = await preparePythonTools();
  const { stdout, stderr } = await runProgram(tools.program('python'), ['-c', LOCATE]);
  const files = names.map((name) => join(stdout.trim(), 'test_files', name));
  const missing = files.filter((file) => !existsSync(file));
  if (missing.length > 0) throw new Error(`pydicom has no ${missing.join(', ')} ${stderr}`);
  return files;
};
