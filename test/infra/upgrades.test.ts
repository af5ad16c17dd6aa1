/**
 * A routine release replaces no stateful resource and renames none: stateful-resources.json has what is deployed. A
 * release that means to (and says in the changelog how data is moved) writes it anew with GANTRY_ACCEPT_STATEFUL=1.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { describe, expect, it } from 'vitest';
import { SITES } from '../../bench/cost/sites.ts';
import { statefulResources, type StatefulResource } from '../../infra/stateful-resources.ts';
import { synthesisedResources, type TemplateResource } from '../../infra/synthesis.ts';

const FILE = new URL('stateful-resources.json', import.meta.url);

const resources = synthesisedResources(SITES.standard.site);

/** The next release: other code in every function. */
const release = synthesisedResources(SITES.standard.site, (app) => {
  for (const construct of app.node.findAll()) {
    if (construct instanceof CfnFunction) {
      construct.code = { s3Bucket: 'assets', s3Key: `next-${construct.node.path}.zip` };
    }
  }
});
const now = statefulResources(resources);
if (process.env['GANTRY_ACCEPT_STATEFUL'] === '1') {
  writeFileSync(FILE, `${JSON.stringify(now, undefined, 2)}\n`);
}
const deployed = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, StatefulResource>;

const machineVersion = 'AWS::StepFunctions::StateMachineVersion';
const functionVersions = Array.from({ length: 4 }, () => 'AWS::Lambda::Version');

/** The only one of its type whose id fits. */
const idOf = (of: typeof resources, type: string, id: RegExp): string => {
  const [one = '', ...others] = [...of]
    .filter(([each, { Type }]) => Type === type && id.test(each))
    .map(([each]) => each);
  expect(others).toEqual([]);
  return one;
};

const typesOf = (some: readonly (readonly [string, TemplateResource])[]): string[] =>
  some.map(([, { Type }]) => Type).sort();

/** One sentence for each resource that an update of what is deployed would replace or leave behind. */
const lostBy = (release: typeof now): string[] =>
  Object.entries(deployed).flatMap(([id, before]) => {
    const after = release[id];
    if (after === undefined) return [`${id} (${before.type}) would be removed`];
    if (isDeepStrictEqual(after, before)) return [];
    return [`${id} would be replaced: ${JSON.stringify(before)} by ${JSON.stringify(after)}`];
  });

describe('a routine release', () => {
  it('replaces no stateful resource and renames none', () => {
    expect(lostBy(now)).toEqual([]);
  });

  it('that adds a stateful resource writes it down, so that the next one cannot lose it', () => {
    expect(Object.keys(now).filter((id) => !Object.hasOwn(deployed, id))).toEqual([]);
  });

  it('with other code in every function leaves every stateful resource as it is, to the letter', () => {
    const changed = Object.keys(deployed).filter(
      (id) => !isDeepStrictEqual(resources.get(id), release.get(id)),
    );

    expect(lostBy(statefulResources(release))).toEqual([]);
    // Its definition names the version of `finish` that is released with it.
    expect(changed).toEqual([idOf(release, 'AWS::StepFunctions::StateMachine', /SessionMachine/)]);
  });

  it('removes nothing and replaces nothing but versions, and those it removes are kept', () => {
    const gone = [...resources].filter(([id]) => !release.has(id));
    const added = [...release].filter(([id]) => !resources.has(id));

    // Of plan, advance, tasks and finish, and of the session's machine, whose definition names a version.
    expect(typesOf(gone)).toEqual([...functionVersions, machineVersion]);
    expect(typesOf(added)).toEqual([...functionVersions, machineVersion]);
    for (const [, { DeletionPolicy, UpdateReplacePolicy }] of gone) {
      expect(DeletionPolicy).toBe('RetainExceptOnCreate');
      expect(UpdateReplacePolicy).toBe('Retain');
    }
  });

  it('would be told of a table with another name, and of a bucket that has moved', () => {
    const table = Object.keys(now).find((id) => now[id]?.name === 'gantry-table') ?? '';
    const bucket = Object.keys(now).find((id) => now[id]?.type === 'AWS::S3::Bucket') ?? '';
    const changed = Object.fromEntries(
      Object.entries(now)
        .filter(([id]) => id !== bucket)
        .map(([id, resource]) => [id, id === table ? { ...resource, name: 'other' } : resource]),
    );

    expect(lostBy(changed)).toHaveLength(2);
    expect(lostBy(changed).join()).toMatch(/removed/);
    expect(lostBy(changed).join()).toMatch(/gantry-table.* by .*other/);
  });

  it('would be told of a table that has another key under the same name', () => {
    const table = Object.keys(now).find((id) => now[id]?.name === 'gantry-table') ?? '';
    const otherKey = { ...now[table]!, fixed: { KeySchema: [{ AttributeName: 'id' }] } };

    expect(now[table]?.fixed).toHaveProperty('KeySchema');
    expect(lostBy({ ...now, [table]: otherKey })).toHaveLength(1);
  });

  it('keeps what images and states are in, even when its stack is deleted', () => {
    for (const { Type, DeletionPolicy, UpdateReplacePolicy } of resources.values()) {
      if (!['AWS::DynamoDB::GlobalTable', 'AWS::S3::Bucket'].includes(Type)) continue;
      expect(DeletionPolicy).toMatch(/^Retain/);
      expect(UpdateReplacePolicy).toMatch(/^Retain/);
    }
  });
});

describe('sessions that run while a release is made', () => {
  const PARTS = ['plan', 'advance', 'tasks', 'finish'] as const;
  const idsOfType = (of: typeof resources, type: string): string[] =>
    [...of].filter(([, { Type }]) => Type === type).map(([id]) => id.split('/')[1] ?? '');
  const versionOf = (of: typeof resources, part: string): string =>
    idsOfType(of, 'AWS::Lambda::Version').find((id) => id.startsWith(`${part}function`)) ?? '';
  const propertiesOf = (of: typeof resources, type: string, id: RegExp): string =>
    JSON.stringify(of.get(idOf(of, type, id))?.Properties);

  it('have versions of their functions, a new one for other code and for nothing else', () => {
    for (const part of PARTS) {
      expect(versionOf(resources, part)).not.toBe('');
      expect(versionOf(release, part)).not.toBe(versionOf(resources, part));
    }
    expect([...synthesisedResources(SITES.standard.site).keys()]).toEqual([...resources.keys()]);
  });

  it.each([
    ['plan', 'PlanRequests'],
    ['advance', 'AdvanceRequests'],
    ['tasks', 'TaskRequests'],
  ])('are told of through the alias of the newest `%s`, which knows their own', (part, queue) => {
    for (const of of [resources, release]) {
      const alias = new RegExp(`${part}functionAliaslive`);
      const mapping = propertiesOf(of, 'AWS::Lambda::EventSourceMapping', new RegExp(queue));

      expect(mapping).toMatch(alias);
      expect(mapping).toContain(':live');
      expect(propertiesOf(of, 'AWS::Lambda::Alias', alias)).toContain(versionOf(of, part));
    }
  });

  it('are made with the versions that were released together', () => {
    for (const of of [resources, release]) {
      const [sessionMachine = '', jobMachine = ''] = [/Session/, /Job/].map(
        (name) => idOf(of, machineVersion, name).split('/')[1],
      );
      for (const creator of ['stabilitycheck', 'processors', 'sweep', 'api']) {
        const id = new RegExp(`/${creator}function`);
        const settings = of.get(idOf(of, 'AWS::Lambda::Function', id))?.Properties;
        const { Variables } = settings?.['Environment'] as { Variables: Record<string, unknown> };
        const versions = JSON.stringify(Variables['GANTRY_PLATFORM_VERSIONS']);

        for (const part of ['plan', 'advance', 'tasks']) {
          expect(versions).toContain(versionOf(of, part));
        }
        expect(versions).toContain(sessionMachine);
        expect(versions).toContain(jobMachine);
      }
    }
  });

  it('start their jobs with the definition that was released with what starts them', () => {
    const version = idOf(resources, machineVersion, /JobMachine/).split('/')[1];

    for (const part of ['advance', 'tasks']) {
      const id = new RegExp(`/${part}function`);
      const settings = resources.get(idOf(resources, 'AWS::Lambda::Function', id))?.Properties;
      expect(settings).toHaveProperty('Environment.Variables.GANTRY_JOB_MACHINE_ARN', {
        Ref: version,
      });
    }
  });

  it('end with the version of `finish` that their definition names', () => {
    for (const of of [resources, release]) {
      const session = propertiesOf(of, 'AWS::StepFunctions::StateMachine', /SessionMachine/);

      expect(session).toContain(versionOf(of, 'finish'));
    }
  });

  it('get a new version of a machine, and of what starts its executions, with another definition', () => {
    const other = synthesisedResources(SITES.standard.site, (app) => {
      for (const construct of app.node.findAll()) {
        if (construct instanceof CfnStateMachine && construct.node.path.includes('JobMachine')) {
          construct.definitionString = JSON.stringify({
            ...{ StartAt: 'Other', States: { Other: { Type: 'Succeed' } } },
          });
        }
      }
    });

    expect(idOf(other, machineVersion, /Job/)).not.toBe(idOf(resources, machineVersion, /Job/));
    expect(idOf(other, machineVersion, /Session/)).toBe(idOf(resources, machineVersion, /Session/));
    for (const part of ['advance', 'tasks']) {
      expect(versionOf(other, part)).not.toBe(versionOf(resources, part));
    }
    expect(versionOf(other, 'plan')).toBe(versionOf(resources, 'plan'));
  });

  it('have no versions in the embedded cloud, which ends with all that runs in it', () => {
    const embedded = [...synthesisedResources({ profile: 'embedded' }).values()];
    const versioned = /^AWS::(Lambda::(Version|Alias)|StepFunctions::StateMachineVersion)$/;

    expect(embedded.filter(({ Type }) => versioned.test(Type))).toEqual([]);
    expect(JSON.stringify(embedded)).not.toContain('GANTRY_PLATFORM_VERSIONS');
  });
});
