/**
 * A routine release replaces no stateful resource and renames none: stateful-resources.json has what is deployed. A
 * release that means to (and says in the changelog how data is moved) writes it anew with GANTRY_ACCEPT_STATEFUL=1.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SITES } from '../../bench/cost/sites.ts';
import { statefulResources, type StatefulResource } from '../../infra/stateful-resources.ts';
import { synthesisedResources } from '../../infra/synthesis.ts';

const FILE = new URL('stateful-resources.json', import.meta.url);

const resources = synthesisedResources(SITES.standard.site);
const now = statefulResources(resources);
if (process.env['GANTRY_ACCEPT_STATEFUL'] === '1') {
  writeFileSync(FILE, `${JSON.stringify(now, undefined, 2)}\n`);
}
const deployed = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, StatefulResource>;

/** One sentence for each resource that an update of what is deployed would replace or leave behind. */
const lostBy = (release: typeof now): string[] =>
  Object.entries(deployed).flatMap(([id, before]) => {
    const after = release[id];
    if (after === undefined) return [`${id} (${before.type}) would be removed`];
    return after.type === before.type && after.name === before.name
      ? []
      : [`${id} would be replaced: ${before.name ?? before.type} by ${after.name ?? after.type}`];
  });

describe('a routine release', () => {
  it('replaces no stateful resource and renames none', () => {
    expect(lostBy(now)).toEqual([]);
  });

  it('that adds a stateful resource writes it down, so that the next one cannot lose it', () => {
    expect(Object.keys(now).filter((id) => !Object.hasOwn(deployed, id))).toEqual([]);
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
    expect(lostBy(changed).join()).toMatch(/gantry-table by other/);
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
  it('end with the version of `finish` that their definition names, which is kept', () => {
    const versions = [...resources].filter(([, { Type }]) => Type === 'AWS::Lambda::Version');
    const machines = [...resources.values()].filter(
      ({ Type, Properties }) =>
        Type === 'AWS::StepFunctions::StateMachine' &&
        Properties?.['StateMachineName'] === 'gantry-session',
    );
    const [version] = versions;

    expect(versions).toHaveLength(1);
    expect(version?.[1].DeletionPolicy).toBe('Retain');
    expect(JSON.stringify(machines[0]?.Properties)).toContain(version?.[0].split('/')[1]);
  });

  it('run on the unversioned function in the embedded cloud, which ends with all that runs in it', () => {
    const embedded = [...synthesisedResources({ profile: 'embedded' }).values()];

    expect(embedded.filter(({ Type }) => Type === 'AWS::Lambda::Version')).toEqual([]);
  });
});
