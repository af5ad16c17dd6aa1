/** What planning asks of registry callbacks, and what they say: the one thing of it that is not a function of values. */
import type { RegistryRequest, RegistryVerdict } from '../contracts/messages.ts';
import type { StableEvent } from '../contracts/vocabulary.ts';
import type { Candidate } from './candidates.ts';

export type RegistryObject = Omit<RegistryRequest['objects'][number], 'params'>;

/** Job definitions of one service, in order, for all objects of their event. */
export interface RegistryQuestion {
  readonly candidates: readonly [Candidate, ...Candidate[]];
  readonly event: StableEvent;
  /** `addedParams` are those of other services' jobs, and of jobs of this one in earlier questions. */
  readonly objects: readonly RegistryObject[];
}

/**
 * For each candidate, which sees for each object what those before it added, answers for each object in any order.
 * Rejects only for what a later try may not meet again.
 */
export type AskRegistry = (
  question: RegistryQuestion,
) => Promise<readonly (readonly RegistryVerdict[])[]>;

export type RegistryError = Extract<RegistryVerdict, { outcome: 'broke' }>['error'];
