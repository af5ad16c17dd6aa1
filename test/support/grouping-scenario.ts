/** What a simulation of the grouping is told: how much happens, how much of it goes wrong, and which rule is missing. */
import type { AeTitleItem } from '../../core/contracts/configuration.ts';
import type { GroupItem, InstanceItem } from '../../core/contracts/items.ts';
import type {
  DuplicatePolicy,
  IncompletePolicy,
  LatePolicy,
  ResendPolicy,
} from '../../core/contracts/vocabulary.ts';
import type { GroupToucherDependencies } from '../../core/processors/group-toucher.ts';
import { anAeTitle } from './ae-titles.ts';
import type { MemoryGroups } from './memory-groups.ts';

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
  /** How many instances make a group complete; 0: that is not declared. */
  readonly declared: number;
  readonly onIncomplete: IncompletePolicy;
  /** Probability that an instance comes again with other bytes. */
  readonly versions: number;
  /** `keepFirst` is decided before an instance comes to its group. */
  readonly duplicates: Exclude<DuplicatePolicy, 'keepFirst'>;
  readonly resendPolicy: ResendPolicy;
}

/** What happened. */
export interface SimulationResult {
  readonly scenario: Scenario;
  readonly groups: MemoryGroups;
  readonly settings: AeTitleItem;
  /** From then on nothing fails any more. */
  readonly faultsEnd: number;
  readonly acknowledged: readonly {
    readonly keyId: string;
    readonly objectKey: string;
    readonly at: number;
    readonly outcome: 'grouped' | 'known';
  }[];
  readonly claims: readonly {
    readonly group: GroupItem;
    readonly at: number;
    readonly because: string;
  }[];
  /** Groups that nobody but a person at the very end released. */
  readonly heldToTheEnd: readonly string[];
  /** How often listeners touched a group, successfully or not. */
  readonly touches: number;
  readonly sessions: ReadonlyMap<string, number>;
  readonly executions: ReadonlyMap<string, number>;
}

/** What is taken out of the rules to see whether a test notices. */
export interface Mutation {
  /** How a listener relies on its touches. */
  readonly relies?: GroupToucherDependencies['relies'];
  /** How far clocks are from the true time at most. */
  readonly clockOffsetMs?: number;
  /** In all groups, or in those only that are at their cap. */
  readonly claimWithoutVersion?: 'always' | 'at the cap';
  readonly sealAtOnce?: boolean;
  /** A claim before its time is sealed W later, whatever listeners have promised. */
  readonly sealBeforeLeasesEnd?: boolean;
  /** Each touch leaves only the promise of its own listener. */
  readonly promisesOfOthersForgotten?: boolean;
  /** A write that comes late undoes what its listener wrote later. */
  readonly lateWriteWins?: boolean;
  /** A lease is lowered by so much more than to what was acknowledged. */
  readonly settledTooEarlyMs?: number;
  /** A touch does not ask whether the group is held meanwhile. */
  readonly touchHeldUnaware?: boolean;
  readonly leaseBeyondCap?: boolean;
  readonly noSettle?: boolean;
  /** The check of a lease that was taken back ends when the group is not due, whoever has touched it since. */
  readonly settledChecksEnd?: boolean;
  readonly emptyIsSealedAsUsual?: boolean;
  readonly touchInAnyState?: boolean;
  readonly openOverExisting?: boolean;
  readonly lastSealWins?: boolean;
  readonly earlierManifestsForgotten?: boolean;
  readonly itemWithoutTouch?: boolean;
  readonly replacedStay?: boolean;
  readonly oneLessIsComplete?: boolean;
  readonly noSweep?: boolean;
}

export const simulatedSettings = (scenario: Scenario, timeoutMs: number): AeTitleItem =>
  anAeTitle({
    timeoutSeconds: timeoutMs / 1000,
    maxWaitSeconds: scenario.maxWaitSeconds,
    pipelines: { lung: 'l', heart: 'h' },
    late: scenario.late,
    lateWindowSeconds: scenario.lateWindowSeconds,
    ...(scenario.declared === 0
      ? {}
      : {
          complete: [
            { name: 'all', match: 'true', count: scenario.declared, countOf: 'instances' as const },
          ],
          onIncomplete: scenario.onIncomplete,
        }),
    duplicates: scenario.duplicates,
    resends: scenario.resendPolicy,
  });

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
  declared: {},
});

/** A call over the network that failed, with or without an effect. */
export class CallFailed extends Error {}
