/** The function of the site's job processors, asked whether an AE title may be set so. */
import { ProcessorAnswer } from '../../core/contracts/deliveries.ts';
import type { Functions } from '../../core/contracts/ports.ts';
import type { ApiContext } from './context.ts';
import { ApiProblem } from './problems.ts';

/** Throws a problem when the function cannot be asked: then nothing is changed either. */
export const siteProcessors = (
  functions: Functions,
  functionName: string,
): ApiContext['processors'] => ({
  check: async (question) => {
    let answer: unknown;
    try {
      answer = await functions.invoke(functionName, question);
    } catch (error) {
      throw new ApiProblem('not-ready', [
        {
          path: 'processor',
          message: `the site's processors cannot be asked (${error instanceof Error ? error.message : 'unknown'})`,
          remedy: 'see the log of the function processors; its code is site/processors',
        },
      ]);
    }
    return ProcessorAnswer.parse(answer);
  },
});
