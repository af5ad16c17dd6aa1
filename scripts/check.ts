/** `npm run check`: all checks, or those whose names contain one of the words given. */
import { allChecks, runChecks } from './checks.ts';
import { preparePythonTools } from './python-tools.ts';
import { tallyLine } from './tally.ts';

const tell = (text: string): void => {
  process.stdout.write(text);
};

const words = process.argv.slice(2);
const all = allChecks(await preparePythonTools());
const checks = all.filter(
  ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
);
if (checks.length === 0) {
  tell(`No check has such a name. There are: ${all.map(({ name }) => name).join(', ')}\n`);
  process.exitCode = 2;
} else {
  const results = await runChecks(checks, tell);
  const passed = results.filter((result) => result.passed).length;
  const tally = { passed, failed: results.length - passed };
  tell(`${tallyLine(tally)}\n`);
  process.exitCode = tally.failed === 0 ? 0 : 1;
}
