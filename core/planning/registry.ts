/** What planning asks of registry callbacks, and what they say: the one thing of it that is not a function of values. */
import type { RegistryAnswer, RegistryRequest } from '../contracts/messages.ts';
import type { StableEvent } from '../contracts/vocabulary.ts';
import type { Candidate } from './candidates.ts';

export type RegistryObject = RegistryRequest['objects'][number];
export type RegistryVerdict = RegistryAnswer['answers'][number];

/** One job definition for all objects of its event. */
export interface RegistryQuestion {
  readonly candidate: Candidate;
  readonly event: StableEvent;
  readonly objects: readonly RegistryObject[];
}

/** Answers for each object, in any order. Rejects only for what a later try may not meet again. */
export type AskRegistry = (question: RegistryQuestion) => Promise<readonly RegistryVerdict[]>;

export type RegistryError = Extract<RegistryVerdict, { outcome: 'broke' }>['error'];
