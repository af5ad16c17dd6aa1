/**
 * The admission policy of a site's configuration: the called AE title exists, and a source names the calling
 * AE title with the peer's address. The configuration is read at most every two seconds, and again before
 * anybody is refused; once read it holds for the association that asked.
 */
import type { ConfigurationStore } from '../../aws/configuration.ts';
import type { AeTitleItem, SourceItem } from '../../core/contracts/configuration.ts';
import type { Clock } from '../../core/contracts/ports.ts';
import { REJECTION } from '../../core/upper-layer/reject.ts';
import { plainFingerprint } from '../tls/peer-certificate.ts';
import type { AdmissionPolicy, AssociationAttempt, Refusal, Verdict } from './admission-policy.ts';
import { hostsInclude, isLoopback } from './hosts.ts';
import { quoted } from './quoted-title.ts';
import { identityMatches } from './user-identity.ts';

const RELOAD_AFTER_MS = 2000;
/** Nobody is refused by a configuration older than this: who was just added calls at once. */
const RELOAD_BEFORE_REFUSAL_MS = 100;

interface Configuration {
  readonly aeTitles: ReadonlyMap<string, AeTitleItem>;
  readonly sources: readonly SourceItem[];
}

const hostSuffix = (address: string): string => (address.includes(':') ? '128' : '32');

const refuse = (rejection: Refusal['rejection'], message: string): Verdict => ({
  refusal: { rejection, code: 'association-rejected', message },
});

/** `hosts`: those that its source has already; the command sets all of them. */
const refuseCaller = (
  { callingAeTitle, remoteAddress }: AssociationAttempt,
  problem: string,
  hosts: readonly string[] = [],
): Verdict => {
  const options = [...hosts, `${remoteAddress}/${hostSuffix(remoteAddress)}`].map(
    (host) => `--host ${host}`,
  );
  return refuse(
    REJECTION.callingAeTitleNotRecognized,
    `${problem} To allow it: gantry source set ${quoted(callingAeTitle)} ${options.join(' ')}`,
  );
};

/** What a source is asked for beside its AE title and its address. */
const refuseStranger = (attempt: AssociationAttempt, source: SourceItem): Verdict | undefined => {
  const { callingAeTitle, remoteAddress, certificateFingerprint } = attempt;
  const pinned = source.certificateFingerprints ?? [];
  if (
    pinned.length > 0 &&
    !pinned.map(plainFingerprint).some((fingerprint) => fingerprint === certificateFingerprint)
  ) {
    const has =
      certificateFingerprint === undefined
        ? 'it has shown none: it has to call the TLS port with its certificate.'
        : `it has shown another one. If that is right, name all of its certificates: gantry source ` +
          `set ${quoted(callingAeTitle)} --certificate ${certificateFingerprint}`;
    return refuse(
      REJECTION.callingAeTitleNotRecognized,
      `${callingAeTitle} at ${remoteAddress} may call with one of its configured certificates ` +
        `only, and ${has}`,
    );
  }
  if (
    source.userIdentity !== undefined &&
    !identityMatches(source.userIdentity, attempt.userIdentity)
  ) {
    return refuse(
      REJECTION.noReasonGiven,
      `${callingAeTitle} at ${remoteAddress} has to give the user name and passcode that its ` +
        `source is configured with, and gave ${attempt.userIdentity === undefined ? 'none' : 'others'}. ` +
        `To set others: gantry source set ${quoted(callingAeTitle)} --username NAME ` +
        '--passcode-sha256 HEX',
    );
  }
  return undefined;
};

/** PS3.5 section 6.2: a title is never of spaces only; no command can name such a one. */
const refuseUntitled = ({ calledAeTitle, callingAeTitle, remoteAddress }: AssociationAttempt) => {
  if (calledAeTitle !== '' && callingAeTitle !== '') return undefined;
  const [whose, rejection] =
    callingAeTitle === ''
      ? (['of its own', REJECTION.callingAeTitleNotRecognized] as const)
      : (['of this listener', REJECTION.calledAeTitleNotRecognized] as const);
  return refuse(
    rejection,
    `${remoteAddress} called without an AE title ${whose}. Set one on its device.`,
  );
};

export const decideByConfiguration = (
  attempt: AssociationAttempt,
  { aeTitles, sources }: Configuration,
): Verdict => {
  const untitled = refuseUntitled(attempt);
  if (untitled !== undefined) return untitled;
  const { calledAeTitle, callingAeTitle, remoteAddress } = attempt;
  const settings = aeTitles.get(calledAeTitle);
  if (settings === undefined) {
    return refuse(
      REJECTION.calledAeTitleNotRecognized,
      `${callingAeTitle} at ${remoteAddress} called the AE title ${calledAeTitle}, which is not ` +
        `configured. To receive under this name: gantry ae-title set ${quoted(calledAeTitle)}`,
    );
  }
  const { acceptUnknownSopClasses } = settings;
  if (sources.length === 0) {
    return isLoopback(remoteAddress)
      ? { grant: { acceptUnknownSopClasses } }
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
      source.hosts,
    );
  }
  return (
    refuseStranger(attempt, source) ?? {
      grant: {
        acceptUnknownSopClasses,
        maxAssociations: source.maxAssociations,
        identityVerified: source.userIdentity !== undefined,
      },
    }
  );
};

export const configuredAdmission = (
  store: Pick<ConfigurationStore, 'aeTitles' | 'sources'>,
  clock: Clock,
): AdmissionPolicy => {
  let readAt = -Infinity;
  let reading: Promise<Configuration> | undefined;

  const read = async (): Promise<Configuration> => {
    const [aeTitles, sources] = await Promise.all([store.aeTitles.list(), store.sources.list()]);
    return { aeTitles: new Map(aeTitles.map((item) => [item.aeTitle, item])), sources };
  };
  const current = async (maximumAgeMs: number): Promise<Configuration> => {
    if (reading === undefined || clock() - readAt >= maximumAgeMs) {
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
  const decide = async (attempt: AssociationAttempt, maximumAgeMs: number): Promise<Verdict> =>
    decideByConfiguration(attempt, await current(maximumAgeMs));
  return {
    decide: async (attempt) => {
      const verdict = await decide(attempt, RELOAD_AFTER_MS);
      return 'refusal' in verdict ? decide(attempt, RELOAD_BEFORE_REFUSAL_MS) : verdict;
    },
  };
};
