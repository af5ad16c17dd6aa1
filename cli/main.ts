/** The command line: a client of the REST API, and a small DICOM sender. Exit codes: 0, 1 refused, 2 usage. */
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { addAeTitleCommands } from './commands/ae-title.ts';
import { addApplyCommands } from './commands/apply.ts';
import { addAuditCommands } from './commands/audit.ts';
import { addCacheCommands } from './commands/cache.ts';
import { addDecisionCommands } from './commands/decision.ts';
import { addDeliveryCommands } from './commands/delivery.ts';
import { addDestinationCommands } from './commands/destination.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addExplainCommand } from './commands/explain.ts';
import { addGroupCommands } from './commands/group.ts';
import { addImportCommands } from './commands/import.ts';
import { addJobCommands } from './commands/job.ts';
import { addLoginCommands } from './commands/login.ts';
import { addNewCommands } from './commands/new.ts';
import { addPipelineCommands } from './commands/pipeline.ts';
import { addRuleCommands } from './commands/rule.ts';
import { addSchemaCommand } from './commands/schema.ts';
import { addSendCommands } from './commands/send.ts';
import { addServiceCommands } from './commands/service.ts';
import { addSessionCommands } from './commands/session.ts';
import { addSourceCommands } from './commands/source.ts';
import { addStatusCommand } from './commands/status.ts';
import { addTlsSecretCommand } from './commands/tls-secret.ts';
import { addUnroutedCommands } from './commands/unrouted.ts';
import { addWorkerCommands } from './commands/worker.ts';
import { failureLines, WrongUsage } from './lib/failures.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Every command throws instead of ending the process, so that the exit code is decided in one place. */
const throwing = (command: Command): void => {
  command.exitOverride();
  for (const inner of command.commands) throwing(inner);
};

const program = new Command('gantry')
  .description('Receives DICOM, groups it, and runs services on it.')
  .version(packageJson.version)
  .option('--api <url>', 'the API, else GANTRY_API, else the Gantry of this computer')
  .option(
    '--token <token>',
    'who calls an API on AWS, else GANTRY_API_TOKEN, which nobody sees in a list of processes',
  )
  .showHelpAfterError('see --help');

addStatusCommand(program);
addLoginCommands(program);
addDoctorCommand(program);
addApplyCommands(program);
addImportCommands(program);
addAeTitleCommands(program);
addSourceCommands(program);
addDestinationCommands(program);
addPipelineCommands(program);
addRuleCommands(program);
addServiceCommands(program);
addWorkerCommands(program);
addNewCommands(program);
addSendCommands(program);
addTlsSecretCommand(program);
addGroupCommands(program);
addUnroutedCommands(program);
addDeliveryCommands(program);
addAuditCommands(program);
addCacheCommands(program);
addSessionCommands(program);
addJobCommands(program);
addExplainCommand(program);
addDecisionCommands(program);
addSchemaCommand(program);
throwing(program);

// A reader that has seen enough, such as head, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
  } else {
    for (const line of failureLines(error)) process.stderr.write(`${line}\n`);
    process.exitCode = error instanceof WrongUsage ? EXIT_USAGE : EXIT_FAILED;
  }
}
