/** What makes the images of docker workers on AWS, and what it may do. */
import { Match } from 'aws-cdk-lib/assertions';
import jsonata from 'jsonata';
import { describe, expect, it } from 'vitest';
import { ImageInput } from '../../core/contracts/worker-image.ts';
import { ImageMade } from '../../core/contracts/messages.ts';
import { imageMachineDefinition } from '../../infra/constructs/image-machine.ts';
import { actionsOf, countMatching, statementsOf, synthesise } from './synthesised.ts';

const templates = synthesise({});
const workers = templates.get('Workers')!;

describe('images of docker workers', () => {
  it('are in a repository that outlives the stack, scanned, with tags that never move', () => {
    const repositories = workers.findResources('AWS::ECR::Repository', {
      DeletionPolicy: 'Retain',
      Properties: {
        RepositoryName: 'gantry-workers',
        ImageTagMutability: 'IMMUTABLE',
        ImageScanningConfiguration: { ScanOnPush: true },
      },
    });

    expect(Object.keys(repositories)).toHaveLength(1);
  });

  it('are made by a project that may write images and results, and read packages, not patients', () => {
    const statements = statementsOf(workers, /^ImageBuildRole/);
    const objects = JSON.stringify(
      statements
        .filter((one) => actionsOf([one]).some((action) => action.startsWith('s3:')))
        .map(({ Resource }) => Resource),
    );

    expect(objects.match(/"\/[^"]+"/g)).toEqual(['"/workers/*"', '"/workers/*/images/*"']);
    expect(actionsOf(statements).filter((action) => !/^(ecr|s3|logs|kms):/.test(action))).toEqual(
      [],
    );
    expect(
      countMatching(workers, 'AWS::CodeBuild::Project', {
        Source: Match.objectLike({ BuildSpec: Match.stringLikeRegexp('docker build') }),
        Environment: Match.objectLike({ PrivilegedMode: true }),
      }),
    ).toBe(1);
  });

  it('are made nowhere in the embedded cloud', () => {
    const embedded = synthesise({ profile: 'embedded' });

    expect(countMatching(embedded.get('Workers')!, 'AWS::CodeBuild::Project', {})).toBe(0);
  });
});

describe('the state machine that makes an image', () => {
  const { States } = imageMachineDefinition({ projectName: 'p', tasksQueueUrl: 'q' });

  it('gives the script each field of its input that it reads', () => {
    const fields = States.Make.Arguments.EnvironmentVariablesOverride.map(
      ({ Value }) => /Input\.(\w+) /.exec(Value)?.[1],
    );

    expect(fields.sort()).toEqual(
      Object.keys(ImageInput.shape)
        .filter((field) => field !== 'worker' && field !== 'hash')
        .sort(),
    );
  });

  it('tells of a build that failed with the first of its words, and of its own name', async () => {
    const evaluate = (text: string, states: object): Promise<unknown> =>
      jsonata(text.replace(/^\{%|%\}$/g, '')).evaluate({}, { states }) as Promise<unknown>;
    const [caught] = States.Make.Catch;
    const cause = await evaluate(caught?.Output.cause ?? '', {
      errorOutput: { Error: 'States.TaskFailed', Cause: 'x'.repeat(5000) },
    });
    const { imageMade } = States.Tell.Arguments.MessageBody;
    const context = { Execution: { Name: 'b1', Input: { worker: 'lung', hash: 'h' } } };
    const values = await Promise.all(
      Object.entries(imageMade).map(async ([name, text]) => [
        name,
        await evaluate(text, { context, input: { cause } }),
      ]),
    );

    expect(ImageMade.parse({ imageMade: Object.fromEntries(values) as unknown })).toEqual({
      imageMade: {
        ...{ worker: 'lung', hash: 'h', build: 'b1' },
        cause: `States.TaskFailed: ${'x'.repeat(1000)}`,
      },
    });
  });
});
