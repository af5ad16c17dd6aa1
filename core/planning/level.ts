/**
 * Plans one event for all its objects: asks the registry callbacks in order, collects for each object what
 * the passing ones added, resolves `dependsOn`, and keeps a reason for every job that will not run.
 */
import type { ServiceItem } from '../contracts/configuration.ts';
import type { RegistryVerdict } from '../contracts/messages.ts';
import type { StableEvent } from '../contracts/vocabulary.ts';
import { candidatesOf, type Candidate, type Candidates } from './candidates.ts';
import { resolveDependencies } from './dependencies.ts';
import type { PatientDocument, SeriesDocument, StudyDocument } from './documents.ts';
import type { AskRegistry, RegistryError, RegistryQuestion } from './registry.ts';

export type GroupDocument = PatientDocument | SeriesDocument | StudyDocument;

export interface SkippedJob {
  readonly candidate: Candidate;
  readonly reason: string;
  /** The callback broke: a session with such a job is not a success. */
  readonly error?: RegistryError;
}

/** The `headers` of dcm-processor 1 by `_id` of the patient. */
export type V1Headers = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/** What runs and what does not for one object. */
export interface ObjectPlan {
  readonly document: GroupDocument;
  readonly event: StableEvent;
  /** Each after those of its `dependsOn`. */
  readonly runs: readonly Candidate[];
  readonly skipped: readonly SkippedJob[];
  readonly addedParams: Readonly<Record<string, unknown>>;
}

/** An object while its callbacks are being asked. */
interface Asking {
  readonly document: GroupDocument;
  readonly added: Map<string, Record<string, unknown>>;
  readonly passing: Candidate[];
  readonly refused: SkippedJob[];
}

const REASON_LENGTH = 500;
const clipped = (text: string): string =>
  text.length <= REASON_LENGTH ? text : `${text.slice(0, REASON_LENGTH)}…`;

const NO_ANSWER: RegistryError = {
  type: 'NoAnswer',
  message: 'the registry function gave no answer for this object',
  traceback: '',
};

const record = (
  object: Asking,
  candidate: Candidate,
  verdict: RegistryVerdict | undefined,
): void => {
  if (verdict?.outcome === 'run') {
    object.added.set(candidate.definition.jobName, verdict.addedParams);
    object.passing.push(candidate);
  } else if (verdict?.outcome === 'skip') {
    object.refused.push({ candidate, reason: 'The registry callback said no for this object.' });
  } else {
    const error = verdict?.error ?? NO_ANSWER;
    const reason = clipped(`The registry callback broke: ${error.type}: ${error.message}`);
    object.refused.push({ candidate, reason, error });
  }
};

/** Why no job that passed has this name. */
const absence = (
  name: string,
  object: Asking,
  left: Candidates['left'],
  services: readonly ServiceItem[],
): string => {
  const refused = object.refused.find(({ candidate }) => candidate.definition.jobName === name);
  if (refused !== undefined) {
    return refused.error === undefined
      ? 'whose registry callback said no for this object'
      : 'whose registry callback broke';
  }
  const dropped = left.find(({ candidate }) => candidate.definition.jobName === name);
  if (dropped !== undefined) return `which will not run: ${dropped.reason.replace(/\.$/, '')}`;
  const elsewhere = services
    .flatMap(({ jobs }) => jobs)
    .find(({ jobName, events }) => jobName === name && events.length > 0);
  return elsewhere === undefined
    ? 'which no service of the pipeline has'
    : `which is a job of ${elsewhere.events.join(' and ')}; dependsOn holds within one event`;
};

const conclude = (
  object: Asking,
  event: StableEvent,
  left: Candidates['left'],
  services: readonly ServiceItem[],
): ObjectPlan => {
  const { runnable, unmet } = resolveDependencies(
    object.passing.map((candidate) => ({
      candidate,
      name: candidate.definition.jobName,
      dependsOn: candidate.definition.dependsOn,
    })),
    (name) => absence(name, object, left, services),
  );
  return {
    document: object.document,
    event,
    runs: runnable.map(({ candidate }) => candidate),
    skipped: [
      ...left,
      ...object.refused,
      ...unmet.map(({ job, reason }) => ({ candidate: job.candidate, reason })),
    ],
    // A passing job's parameters stay, even when its dependencies then keep it from running.
    addedParams: Object.fromEntries(object.added),
  };
};

/**
 * Candidates that follow each other and are of one service: nobody else adds anything in between, so one call of
 * their function asks them all. What version 1 knows as headers is not what version 2 does.
 */
const questionsOf = (offered: readonly Candidate[]): RegistryQuestion['candidates'][] => {
  const questions: [Candidate, ...Candidate[]][] = [];
  for (const candidate of offered) {
    const last = questions.at(-1);
    const alike =
      last?.[0].service === candidate.service && last[0].definition.v1 === candidate.definition.v1;
    if (alike) last.push(candidate);
    else questions.push([candidate]);
  }
  return questions;
};

/** The plans are in the order of the documents. */
export const planLevel = async (
  documents: readonly GroupDocument[],
  event: StableEvent,
  services: readonly ServiceItem[],
  ask: AskRegistry,
  v1Headers: V1Headers = new Map(),
): Promise<readonly ObjectPlan[]> => {
  const { offered, left } = candidatesOf(services, event);
  const objects: readonly Asking[] = documents.map((document) => ({
    document,
    added: new Map(),
    passing: [],
    refused: [],
  }));
  if (objects.length > 0) {
    for (const candidates of questionsOf(offered)) {
      const v1 = candidates[0].definition.v1 === true;
      const answers = await ask({
        candidates,
        event,
        objects: objects.map(({ document, added }) => ({
          objectId: document.objectId,
          headers: v1 ? (v1Headers.get(document.objectId) ?? {}) : document.headers,
          addedParams: Object.fromEntries(added),
        })),
      });
      for (const [index, candidate] of candidates.entries()) {
        const byObject = new Map(
          (answers[index] ?? []).map((verdict) => [verdict.objectId, verdict]),
        );
        for (const object of objects) {
          record(object, candidate, byObject.get(object.document.objectId));
        }
      }
    }
  }
  return objects.map((object) => conclude(object, event, left, services));
};
