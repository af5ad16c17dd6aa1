/** Programs that the tests drive and that npm and pip cannot install. Plain JavaScript: it runs before anything is there. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const PACKAGES = [
  { name: 'dcmtk', programs: ['echoscu', 'storescu', 'dcmsend'] },
  { name: 'orthanc', programs: ['Orthanc'] },
  { name: 'chromium', programs: ['chromium'] },
];
const FOR_LOCALSTACK = [
  { name: 'default-jre-headless', programs: ['java'] },
  { name: 'maven', programs: ['mvn'] },
];

/** Whether a program of that name is on the path. */
export const isThere = (program) =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** One line that names what is missing and the command that installs it, or undefined. */
export const missingSystemPackages = (withLocalStack) => {
  const packages = withLocalStack ? [...PACKAGES, ...FOR_LOCALSTACK] : PACKAGES;
  const missing = packages.filter(({ programs }) => !programs.every(isThere));
  if (missing.length === 0) return undefined;
  const programs = missing.flatMap((entry) => entry.programs.filter((name) => !isThere(name)));
  const names = missing.map(({ name }) => name).join(' ');
  return `Missing for the tests: ${programs.join(', ')}. Install with: sudo apt-get install -y ${names}`;
};
