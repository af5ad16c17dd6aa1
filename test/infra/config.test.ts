/** A site's configuration: defaults, and all problems at once. */
import { describe, expect, it } from 'vitest';
import { loadSiteConfig, SiteConfigInvalid } from '../../infra/config.ts';

const load = (site: unknown, name = 'tested') =>
  loadSiteConfig((key) => ({ site: name, sites: { tested: site } })[key]);

const problemsOf = (action: () => unknown): readonly string[] => {
  try {
    action();
  } catch (error) {
    if (error instanceof SiteConfigInvalid) return error.problems;
    throw error;
  }
  return [];
};

describe('the configuration of a site', () => {
  it('has a default for everything', () => {
    expect(load({})).toMatchObject({
      profile: 'aws',
      deployment: 'gantry',
      listener: { port: 11_112, drainSeconds: 900 },
    });
  });

  it('names every problem at once', () => {
    const problems = problemsOf(() =>
      load({ profile: 'cloud', listener: { port: 0 }, runnerz: {}, network: { cidr: 'ten' } }),
    );

    expect(problems).toHaveLength(4);
    expect(problems.join('\n')).toMatch(/profile.*/);
    expect(problems.join('\n')).toMatch(/listener\.port/);
    expect(problems.join('\n')).toMatch(/runnerz/);
    expect(problems.join('\n')).toMatch(/network\.cidr/);
  });

  it('refuses memory that Fargate does not have for that CPU', () => {
    expect(problemsOf(() => load({ runners: { cpu: 256, memoryMiB: 8192 } }))).toEqual([
      'runners.memoryMiB: with 256 CPU units, Fargate has 512 to 2048 MiB',
    ]);
  });

  it('says which sites there are when the named one is not there', () => {
    expect(problemsOf(() => load({}, 'elsewhere'))).toEqual([
      'there is no such site; known: tested',
    ]);
  });
});
