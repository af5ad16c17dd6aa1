/**
 * Changes of the configuration that are made to what is there at that moment: read, decide, write on the condition that
 * nobody else made such a change in between, and all of it once more if somebody did.
 */
import type { ConfigurationWrite } from '../../aws/configuration.ts';
import type { ApiContext } from './context.ts';
import { ApiProblem } from './problems.ts';

const MAX_TRIES = 5;

/** What `decide` answers beside its writes; throws what it throws, and a problem when others are always first. */
export const changeWhole = async <T>(
  { configuration }: Pick<ApiContext, 'configuration'>,
  decide: () => Promise<{ readonly writes: readonly ConfigurationWrite[]; readonly answer: T }>,
): Promise<T> => {
  for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
    const revision = await configuration.revision();
    const { writes, answer } = await decide();
    if (writes.length === 0 || (await configuration.changeWhole(writes, revision))) return answer;
  }
  throw new ApiProblem('in-use', [
    { message: 'others change the configuration at the same time', remedy: 'try again' },
  ]);
};
