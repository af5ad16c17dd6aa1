/** A logger for code that handles patients' data: identifiers of the instance at hand become hashes (invariant I). */
import type { InstanceItem } from '../../contracts/items.ts';
import { shortHash } from '../../contracts/keys.ts';

export type LogFacts = Readonly<Record<string, string | number | boolean>>;

export interface PatientlessLogger {
  info(message: string, facts?: LogFacts): void;
  warn(message: string, facts?: LogFacts): void;
  error(message: string, facts?: LogFacts): void;
}

/** Attributes whose values point to a person. */
const IDENTIFYING = [
  'PatientID',
  'PatientName',
  'PatientBirthDate',
  'AccessionNumber',
  'OtherPatientIDs',
  'StudyID',
] as const;

/** Shorter values, such as a StudyID of 1, stand in texts that have nothing to do with them. */
const SHORTEST = 3;

/** A root and at least four more components: version numbers and addresses are shorter. */
const UID = /\b[0-2](?:\.(?:0|[1-9][0-9]*)){5,}\b/g;

const identifiersOf = (instance: InstanceItem | undefined): string[] => {
  if (instance === undefined) return [];
  const values = [
    ...[instance.sopInstanceUid, instance.seriesInstanceUid, instance.studyInstanceUid],
    instance.patientId,
    ...IDENTIFYING.map((keyword) => instance.attributes[keyword]),
  ];
  return values
    .flatMap((value) => (typeof value === 'string' ? [value, ...value.split('^')] : []))
    .map((value) => value.trim())
    .filter((value) => value.length >= SHORTEST)
    .sort((a, b) => b.length - a.length);
};

const hashed = (text: string): string => `#${shortHash(text, 8)}`;

/** Passes on to `log` with identifiers of `instance`, and whatever looks like a UID, replaced by hashes. */
export const patientlessLogger = (
  log: PatientlessLogger,
  instance: InstanceItem | undefined,
): PatientlessLogger => {
  const identifiers = identifiersOf(instance);
  const clean = (text: string): string =>
    identifiers
      .reduce((left, value) => left.replaceAll(value, hashed(value)), text)
      .replaceAll(UID, hashed);
  const cleanFacts = (facts: LogFacts): LogFacts =>
    Object.fromEntries(
      Object.entries(facts).map(([name, value]) => [
        name,
        typeof value === 'string' ? clean(value) : value,
      ]),
    );
  const passOn =
    (level: keyof PatientlessLogger) =>
    (message: string, facts: LogFacts = {}): void => {
      log[level](clean(message), cleanFacts(facts));
    };
  return { info: passOn('info'), warn: passOn('warn'), error: passOn('error') };
};
