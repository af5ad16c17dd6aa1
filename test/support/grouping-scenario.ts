/** What a simulation of the grouping is told: how much happens, how much of it goes wrong, and which rule is missing. */
import type { InstanceItem } from '../../core/contracts/items.ts';
import type { LatePolicy } from '../../core/contracts/vocabulary.ts';

export interface Scenario {
  readonly seed: number;
  readonly listeners: number;
  readonly keys: number;
  /** Sent within `spreadMs`, some of them again. */
  readonly instances: number;
  readonly spreadMs: number;
  readonly maxWaitSeconds: number;
  /** Probabilities from 0 to 1. */
  readonly resends: number;
  readonly slowCalls: number;
  readonly failedCalls: number;
  readonly lostMessages: number;
  readonly repeatedMessages: number;
  readonly crashes: number;
  readonly manualReleases: number;
  readonly late: LatePolicy;
  readonly lateWindowSeconds: number;
}

/** What is taken out of the rules to see whether a test notices. */
export interface Mutation {
  readonly leaseMs?: number;
  readonly claimWithoutDueTime?: boolean;
  readonly sealAtOnce?: boolean;
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export const randomOf = (seed: number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** The instance with this number. */
export const simulatedInstance = (
  keyId: string,
  number: number,
  patientId: string,
  receivedAt: number,
): InstanceItem => ({
  aeTitle: 'GANTRY',
  keyId,
  sopInstanceUid: `1.2.${number}`,
  sopClassUid: '1.2',
  seriesInstanceUid: `1.3.${number % 3}`,
  studyInstanceUid: '1.4',
  patientId,
  issuerOfPatientId: '',
  transferSyntaxUid: '1.2.840.10008.1.2',
  objectKey: `1.2.${number}`,
  size: 1,
  sha256: `1.2.${number}`,
  callingAeTitle: 'CT',
  remoteAddress: '127.0.0.1',
  associationId: 'a',
  receivedAt,
  attributes: {},
});

/** A call over the network that failed, with or without an effect. */
export class CallFailed extends Error {}
