/** `build_kwargs` as arguments of `docker build`. */
import { describe, expect, it } from 'vitest';
import {
  buildArguments,
  buildKwargsProblems,
  ignoredBuildKwargs,
} from '../../../core/packages/build-arguments.ts';

describe('build_kwargs', () => {
  it('become arguments of docker build', () => {
    const kwargs = { buildargs: { CUDA: '12.4', LEVEL: 3 }, target: 'runtime', nocache: true };

    expect(buildArguments(kwargs)).toEqual([
      ...['--build-arg=CUDA=12.4', '--build-arg=LEVEL=3', '--target=runtime', '--no-cache'],
    ]);
    expect(buildArguments({})).toEqual([]);
  });

  it('that have no effect are named, but for those that the original overrides as well', () => {
    expect(
      ignoredBuildKwargs({ target: 'x', squash: true, network_mode: 'host', rm: true }),
    ).toEqual(['squash', 'network_mode']);
  });

  it('with wrong values are told, each with its path', () => {
    expect(
      buildKwargsProblems({ buildargs: { 'A B': 'x', C: ['list'] }, target: '--privileged' }).map(
        ({ path }) => path.join('.'),
      ),
    ).toEqual(['buildargs.A B', 'buildargs.C', 'target']);
  });
});
