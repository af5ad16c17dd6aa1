/**
 * From a sealed manifest, the pipeline's services and the answers of their registry callbacks to everything
 * that a session needs to run: the graph, and one document for each object that its jobs are about.
 */
import type { ServiceItem } from '../contracts/configuration.ts';
import type { GroupManifest, SessionObject, SessionPlan } from '../contracts/items.ts';
import { LEVEL_OF_EVENT, type Level } from '../contracts/vocabulary.ts';
import { describeGroup } from './documents.ts';
import { eventsOfGroup } from './events.ts';
import { buildGraph, type GraphContext, type PlanTree } from './graph.ts';
import { planLevel, type GroupDocument, type ObjectPlan, type V1Headers } from './level.ts';
import type { AskRegistry } from './registry.ts';

export interface PlanInput extends GraphContext {
  readonly manifest: GroupManifest;
  /** Those of the session's pipeline. */
  readonly services: readonly ServiceItem[];
  /** For jobs that were written for dcm-processor 1. */
  readonly v1Headers?: V1Headers;
}

export type Planned = Omit<SessionPlan, 'missingServices'>;

const v1Part = ({ runs, document }: ObjectPlan, headers: V1Headers | undefined) => {
  const jobs = runs.filter(({ definition }) => definition.v1 === true);
  return jobs.length === 0
    ? {}
    : {
        v1: {
          headers: headers?.get(document.objectId) ?? {},
          jobs: jobs.map(({ definition }) => definition.jobName),
        },
      };
};

const sessionObject = (
  sessionId: string,
  plan: ObjectPlan,
  v1Headers: V1Headers | undefined,
): SessionObject => ({
  sessionId,
  objectId: plan.document.objectId,
  level: plan.document.level,
  uid: plan.document.uid,
  event: plan.event,
  headers: plan.document.headers,
  params: Object.fromEntries(
    plan.runs.map(({ definition }) => [definition.jobName, definition.params]),
  ),
  addedParams: plan.addedParams,
  ...v1Part(plan, v1Headers),
});

const reasonForNothing = ({ manifest, services }: PlanInput, plans: readonly ObjectPlan[]) => {
  if (services.length === 0) return 'No service of the pipeline is installed.';
  if (plans.every(({ skipped }) => skipped.length === 0)) {
    const events = eventsOfGroup(manifest.groupBy).join(', ');
    return `No job of the pipeline's services is for an event that fired: ${events}.`;
  }
  return 'Every job was skipped; each has its reason.';
};

/** Levels are asked side by side, for no callback sees what one of another level added. */
export const planSession = async (input: PlanInput, ask: AskRegistry): Promise<Planned> => {
  const { manifest, services, session, v1Headers } = input;
  const patients = describeGroup(manifest);
  const studies = patients.flatMap((patient) => patient.studies);
  const documents: Record<Level, readonly GroupDocument[]> = {
    series: studies.flatMap((study) => study.series),
    study: studies,
    patient: patients,
  };
  const levels = await Promise.all(
    eventsOfGroup(manifest.groupBy).map((event) =>
      planLevel(documents[LEVEL_OF_EVENT[event]], event, services, ask, v1Headers),
    ),
  );
  const plans = levels.flat();
  const planOf = new Map(plans.map((plan) => [plan.document, plan]));

  const trees = patients.map((patient): PlanTree => ({
    plan: planOf.get(patient),
    children: patient.studies.map((study) => ({
      plan: planOf.get(study),
      children: study.series.map((series) => ({ plan: planOf.get(series), children: [] })),
    })),
  }));
  const { jobs, edges, runnable } = buildGraph(trees, input);
  return {
    jobs,
    edges,
    objects: plans
      .filter(({ runs }) => runs.length > 0)
      .map((plan) => sessionObject(session.id, plan, v1Headers)),
    runnable,
    ...(runnable === 0 ? { emptyBecause: reasonForNothing(input, plans) } : {}),
  };
};
