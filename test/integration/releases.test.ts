/**
 * Other code is deployed while a session runs. The embedded cloud has no versions by itself, so they are published
 * here as a deployment to AWS does it; its queues call the newest code, which has to find the one before.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteFunctionCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  PublishVersionCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import {
  ListStateMachinesCommand,
  PublishStateMachineVersionCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DecisionPage, type Session } from '../../core/contracts/api.ts';
import { DEFAULT_DEPLOYMENT, ENV, resourceNames } from '../../core/contracts/names.ts';
import { emulatedConnection } from '../../local/emulator.ts';
import { startGantry, type StartedGantry } from '../../local/gantry.ts';
import { jobNamed, RunningGantry } from '../support/gantry.ts';
import { storescu } from '../support/senders.ts';
import { discard, settingsFor } from '../support/shared-gantry.ts';
import { makeVolume } from '../support/studies.ts';
import { until } from '../support/until.ts';

const names = resourceNames(DEFAULT_DEPLOYMENT);
const dataDirectory = mkdtempSync(join(tmpdir(), 'gantry-releases-'));
let started: StartedGantry;
let gantry: RunningGantry;
let lambda: LambdaClient;
/** The job machine as the functions have it. */
let jobMachine = '';
/** Of `advance`, as it was deployed. */
let firstVersion = '';

const change = async (part: string, variables: Readonly<Record<string, string>>): Promise<void> => {
  const FunctionName = names.function(part);
  const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
  await lambda.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName,
      Environment: { Variables: { ...Environment?.Variables, ...variables } },
    }),
  );
  await waitUntilFunctionUpdatedV2({ client: lambda, maxWaitTime: 30 }, { FunctionName });
};

const publish = async (part: string): Promise<string> => {
  const { Version = '' } = await lambda.send(
    new PublishVersionCommand({ FunctionName: names.function(part) }),
  );
  return Version;
};

/** What sessions begin with from now on. */
const release = async (): Promise<void> => {
  const sfn = new SFNClient(emulatedConnection(started.awsPort));
  const { stateMachines = [] } = await sfn.send(new ListStateMachinesCommand({}));
  const machine = async (name: string): Promise<string> => {
    const { stateMachineArn = '' } = stateMachines.find((each) => each.name === name) ?? {};
    const { stateMachineVersionArn = '' } = await sfn.send(
      new PublishStateMachineVersionCommand({ stateMachineArn }),
    );
    if (name === names.jobMachine) jobMachine = stateMachineArn;
    return stateMachineVersionArn.split(':').at(-1) ?? '';
  };
  firstVersion = await publish('advance');
  const versions = {
    ...{ plan: await publish('plan'), advance: firstVersion, tasks: await publish('tasks') },
    sessionMachine: await machine(names.sessionMachine),
    jobMachine: await machine(names.jobMachine),
  };
  await change('stability-check', { [ENV.platformVersions]: JSON.stringify(versions) });
  sfn.destroy();
};

/** A session whose first job is at work; its second waits for that. */
const inFlight = async (): Promise<Session> => {
  const study = await makeVolume(1);
  const sent = await storescu(
    { port: gantry.address.dimsePort, calledAeTitle: 'RELEASES' },
    study.files,
  );
  if (sent.code !== 0) throw new Error(sent.stderr);
  return until('a job at work', 120_000, async () => {
    const [summary] = await gantry.sessionsOf(study.studyInstanceUid);
    if (summary?.state !== 'RUNNING') return undefined;
    const session = await gantry.session(summary.id);
    return jobNamed(session, 'sleeps').state === 'RUNNING' ? session : undefined;
  });
};

const ended = ({ id }: Session): Promise<Session> =>
  until('the end of the session', 120_000, async () => {
    const session = await gantry.session(id);
    return session.endedAt === null ? undefined : session;
  });

beforeAll(async () => {
  started = await startGantry(settingsFor(dataDirectory));
  const { apiUrl, dimsePort, awsPort } = started;
  gantry = new RunningGantry({ apiUrl, dimsePort, awsPort, dataDirectory });
  lambda = new LambdaClient(emulatedConnection(awsPort));
  await gantry.done('service', 'install', './test/fixtures/services/sleeper');
  await gantry.aeTitle('RELEASES', ['sleeper']);
  await release();
}, 300_000);

afterAll(async () => {
  lambda.destroy();
  await started.stop();
  discard(dataDirectory);
});

describe('a session that runs while a release is made', () => {
  it('ends on the versions of the functions with which it began', async () => {
    const session = await inFlight();
    // Code that could start no job of it, nor repair that.
    for (const part of ['advance', 'sweep']) {
      await change(part, { [ENV.jobMachineArn]: `${jobMachine}-of-another-release` });
    }

    const last = await ended(session);

    expect(last.state).toBe('SUCCEEDED');
    expect(jobNamed(last, 'wakes').state).toBe('SUCCEEDED');
  }, 300_000);

  it('ends on the newest ones if its own were deleted, which a decision record says', async () => {
    for (const part of ['advance', 'sweep'])
      await change(part, { [ENV.jobMachineArn]: jobMachine });
    const session = await inFlight();
    await lambda.send(
      new DeleteFunctionCommand({
        FunctionName: names.function('advance'),
        Qualifier: firstVersion,
      }),
    );

    const last = await ended(session);
    const decisions = await gantry.get(DecisionPage, 'decisions');

    expect(last.state).toBe('SUCCEEDED');
    expect(decisions.items.filter(({ code }) => code === 'session-versions-gone')).toMatchObject([
      { sessionId: session.id },
    ]);
  }, 300_000);
});
