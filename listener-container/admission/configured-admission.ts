/**
 * The admission policy of a site's configuration: the called AE title exists, and a source names the calling
 * AE title with the peer's address. The configuration is read at most every two seconds, and once read it
 * holds for the association that asked.
 */
import type { ConfigurationStore } from '../../aws/configuration.ts';
import type { SourceItem } from '../../core/contracts/configuration.ts';
import type { Clock } from '../../core/contracts/ports.ts';
import { REJECTION } from '../../core/upper-layer/reject.ts';
import type { AdmissionPolicy, AssociationAttempt, Refusal } from './admission-policy.ts';
import { hostsInclude, isLoopback } from './hosts.ts';

const RELOAD_AFTER_MS = 2000;

interface Configuration {
  readonly aeTitles: ReadonlySet<string>;
  readonly sources: readonly SourceItem[];
}

const hostSuffix = (address: string): string => (address.includes(':') ? '128' : '32');

const refuseCaller = (attempt: AssociationAttempt, problem: string): Refusal => ({
  rejection: REJECTION.callingAeTitleNotRecognized,
  code: 'association-rejected',
  message:
    `${problem} To allow it: gantry source set ${quoted(attempt.callingAeTitle)} ` +
    `--host ${attempt.remoteAddress}/${hostSuffix(attempt.remoteAddress)}`,
});

/** For a command line: an AE title may have spaces in it. */
const quoted = (aeTitle: string): string =>
  /^[A-Za-z0-9_.-]+$/.test(aeTitle) ? aeTitle : `'${aeTitle.replaceAll("'", `'\\''`)}'`;

export const decideByConfiguration = (
  attempt: AssociationAttempt,
  { aeTitles, sources }: Configuration,
): Refusal | undefined => {
  const { calledAeTitle, callingAeTitle, remoteAddress } = attempt;
  if (!aeTitles.has(calledAeTitle)) {
    return {
      rejection: REJECTION.calledAeTitleNotRecognized,
      code: 'association-rejected',
      message:
        `${callingAeTitle} at ${remoteAddress} called the AE title ${calledAeTitle}, which is not ` +
        `configured. To receive under this name: gantry ae-title set ${quoted(calledAeTitle)}`,
    };
  }
  if (sources.length === 0) {
    return isLoopback(remoteAddress)
      ? undefined
      : refuseCaller(
          attempt,
          `${callingAeTitle} called from ${remoteAddress}, and without any configured source only ` +
            'this computer itself may call.',
        );
  }
  const source = sources.find(({ aeTitle }) => aeTitle === callingAeTitle);
  if (source === undefined) {
    return refuseCaller(
      attempt,
      `${callingAeTitle} at ${remoteAddress} is not a configured source.`,
    );
  }
  if (source.hosts.length > 0 && !hostsInclude(source.hosts, remoteAddress)) {
    return refuseCaller(
      attempt,
      `${callingAeTitle} is configured as a source, but not from the address ${remoteAddress}.`,
    );
  }
  return undefined;
};

export const configuredAdmission = (
  store: Pick<ConfigurationStore, 'aeTitles' | 'sources'>,
  clock: Clock,
): AdmissionPolicy => {
  let readAt = -Infinity;
  let reading: Promise<Configuration> | undefined;

  const read = async (): Promise<Configuration> => {
    const [aeTitles, sources] = await Promise.all([store.aeTitles.list(), store.sources.list()]);
    return { aeTitles: new Set(aeTitles.map(({ aeTitle }) => aeTitle)), sources };
  };
  const current = async (): Promise<Configuration> => {
    if (reading === undefined || clock() - readAt >= RELOAD_AFTER_MS) {
      readAt = clock();
      reading = read();
    }
    const mine = reading;
    try {
      return await mine;
    } catch (error) {
      // The next association tries again instead of meeting the same failure for two seconds.
      if (reading === mine) reading = undefined;
      throw error;
    }
  };
  return { decide: async (attempt) => decideByConfiguration(attempt, await current()) };
};
