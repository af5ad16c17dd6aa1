/**
 * A site whose seconds pass at once and in which nothing fails: AE titles as they are configured, one listener,
 * checks that come when they were asked for, and a sweep each minute, on the real rules of grouping.
 */
import { readAeTitleSettings } from '../../core/configuration/ae-title-settings.ts';
import type { AeTitleItem } from '../../core/contracts/configuration.ts';
import type { GroupItem, SessionItem } from '../../core/contracts/items.ts';
import type { StabilityCheck } from '../../core/contracts/messages.ts';
import { createAdmission } from '../../core/processors/admission.ts';
import { keyOfInstance } from '../../core/processors/ae-title-key.ts';
import { createGroupToucher } from '../../core/processors/group-toucher.ts';
import { manifestInstances } from '../../core/processors/members.ts';
import { releaseByHand } from '../../core/processors/manual-release.ts';
import { checkGroup, sweepGroups } from '../../core/processors/stability.ts';
import { simulatedInstance } from './grouping-scenario.ts';
import { memoryGroups } from './memory-groups.ts';
import { VirtualTime } from './virtual-time.ts';

const START = 1_000_000;

export interface SentInstance {
  /** Seconds after the start. */
  readonly at: number;
  readonly number: number;
  /** What tells its bytes from those of other versions of it. */
  readonly bytes?: string;
  readonly patient?: string;
  readonly study?: string;
  readonly series?: string;
  readonly accessionNumber?: string;
}

/** `settings` by AE title, as a person would write them. */
export const virtualSite = (settings: Readonly<Record<string, Record<string, unknown>>>) => {
  const time = new VirtualTime(START);
  const clock = (): number => time.now;
  const groups = memoryGroups();
  const sessions: SessionItem[] = [];
  const failures: unknown[] = [];
  const begin = (work: Promise<unknown>): void => {
    work.catch((error: unknown) => failures.push(error));
  };
  const aeTitles = new Map<string, AeTitleItem>();
  for (const [name, changes] of Object.entries(settings)) {
    const known = new Set(['default', 'lung', 'heart', 'breast']);
    const reading = readAeTitleSettings(name, changes, undefined, known);
    if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
    aeTitles.set(name, reading.item);
  }
  const sendCheck = (check: StabilityCheck, delaySeconds: number): Promise<void> => {
    time.at(time.now + delaySeconds * 1000, () => {
      begin(checkGroup(stability, check));
    });
    return Promise.resolve();
  };
  const stability = {
    groups,
    clock,
    sleep: (milliseconds: number) => time.sleep(milliseconds),
    sendCheck,
    sessions: {
      createSession: (session: SessionItem) => {
        sessions.push(session);
        return Promise.resolve(true);
      },
      getSession: () => Promise.resolve(undefined),
    },
    executions: { start: () => Promise.resolve('started' as const) },
    sessionMachineArn: 'machine',
  };
  const toucher = createGroupToucher({
    ...{ groups, clock, sendCheck, limit: (call) => call },
    onCheckNotSent: () => undefined,
    later: (delayMs, work) => {
      time.at(time.now + delayMs, () => {
        begin(work());
      });
    },
  });
  const { admit } = createAdmission({ groups, toucher });

  const receive = async (aeTitle: AeTitleItem, sent: SentInstance): Promise<void> => {
    const { number, patient = 'P1', study = 'S1', series = `${study}.1` } = sent;
    const values: Record<string, string> = {
      ...(sent.accessionNumber === undefined ? {} : { AccessionNumber: sent.accessionNumber }),
      PatientID: patient,
      StudyInstanceUID: study,
      SeriesInstanceUID: series,
    };
    const outcome = keyOfInstance(aeTitle, (keyword) => values[keyword]);
    if (!outcome.routed) throw new Error(outcome.reason);
    const { key } = outcome;
    const simulated = simulatedInstance(key.keyId, number, patient, time.now);
    const version = `${simulated.sha256}${sent.bytes ?? ''}`;
    const item = {
      ...simulated,
      ...{ sha256: version, objectKey: version },
      ...(aeTitle.duplicates === 'replace' ? { replaces: true as const } : {}),
      ...{ aeTitle: aeTitle.aeTitle, studyInstanceUid: study, seriesInstanceUid: series },
    };
    await admit(item, key, aeTitle);
  };

  return {
    groups,
    sessions,
    send: (aeTitle: string, ...instances: readonly SentInstance[]): void => {
      const item = aeTitles.get(aeTitle);
      if (item === undefined) throw new Error(`no AE title ${aeTitle}`);
      for (const sent of instances) {
        time.at(START + sent.at * 1000, () => {
          begin(receive(item, sent));
        });
      }
    },
    /** A person releases what is held or collecting then. */
    releaseAll: (at: number): void => {
      time.at(START + at * 1000, () => {
        for (const { id, state } of groups.groupItems.values()) {
          if (state !== 'RELEASED') begin(releaseByHand(stability, id));
        }
      });
    },
    /** Lets `seconds` pass since the start. */
    pass: async (seconds: number): Promise<void> => {
      for (let at = 60; at < seconds; at += 60) {
        time.at(START + at * 1000, () => {
          begin(sweepGroups(stability));
        });
      }
      await time.run(START + seconds * 1000);
      if (failures.length > 0) throw failures[0] as Error;
    },
    /** Seconds after the start at which groups were released, in that order. */
    releases: (): number[] =>
      [...groups.groupItems.values()]
        .flatMap(({ releasedAt }) =>
          releasedAt === undefined ? [] : [(releasedAt - START) / 1000],
        )
        .toSorted((a, b) => a - b),
    /** The numbers of the instances of a group. */
    numbersOf: ({ id }: Pick<GroupItem, 'id'>): number[] => {
      const manifest = groups.manifests.get(id);
      return manifest === undefined
        ? []
        : manifestInstances(manifest)
            .map(({ sopInstanceUid }) => Number(sopInstanceUid.split('.').at(-1)))
            .toSorted((a, b) => a - b);
    },
  };
};
