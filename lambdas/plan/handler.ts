/**
 * Plans sessions: reads the sealed manifest and what is installed, asks the registry callbacks, stores the
 * graph and answers the token on which the session's execution waits. The plan is sealed in the bucket
 * first, so whoever plans a session a second time writes what was planned the first time.
 */
import type { Logger } from '@aws-lambda-powertools/logger';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { ConfigurationStore } from '../../aws/configuration.ts';
import { AE_TITLE_DEFAULTS, type PipelineItem } from '../../core/contracts/configuration.ts';
import { GroupManifest, SessionPlan, type SessionItem } from '../../core/contracts/items.ts';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import { errorFacts, messageBody } from '../../core/contracts/message-body.ts';
import { PlanRequest, type PlanAnswer } from '../../core/contracts/messages.ts';
import { DEFAULT_PIPELINE } from '../../core/contracts/names.ts';
import type { Clock, Executions, Functions, ObjectStore } from '../../core/contracts/ports.ts';
import { servicesOfPipeline } from '../../core/planning/candidates.ts';
import { TooManyNodes } from '../../core/planning/graph.ts';
import { planSession } from '../../core/planning/plan.ts';
import type { GroupStore } from '../../core/processors/group-store.ts';
import { askGroupRule } from '../../core/rules/group-rule.ts';
import { ruleDecision, ruleSentence } from '../../core/rules/rule-decision.ts';
import { storedAttributes } from '../../core/dicom/stored-header.ts';
import type { SessionStore } from '../../core/running/session-store.ts';
import { inParallel } from '../../core/running/concurrency.ts';
import { REGISTRY_LIMITS, askFunctions } from './ask-functions.ts';
import { v1HeadersOf } from './v1-headers.ts';

export interface PlanDependencies {
  readonly sessions: Pick<SessionStore, 'getSession' | 'storePlan' | 'removeOtherGraphs'>;
  readonly objects: Pick<
    ObjectStore,
    'getJson' | 'getStream' | 'putJson' | 'putJsonIfAbsent' | 'size'
  >;
  readonly decisions: Pick<GroupStore, 'recordDecision'>;
  readonly configuration: {
    readonly aeTitles: Pick<ConfigurationStore['aeTitles'], 'get'>;
    readonly pipelines: Pick<ConfigurationStore['pipelines'], 'get'>;
    readonly services: Pick<ConfigurationStore['services'], 'list'>;
    readonly workers: Pick<ConfigurationStore['workers'], 'list'>;
  };
  readonly functions: Functions;
  readonly executions: Pick<Executions, 'succeed' | 'fail'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/**
 * After so long no callback is asked any more: a request that is out then may take the five minutes of a
 * registry function, and this function itself ends after ten.
 */
const CALLBACKS_MS = 4 * 60_000;
/** Objects of a session that are put at a time. */
const PUTS_AT_A_TIME = 64;

/** No later try can plan this session. `name` is the error's name for the session's execution. */
class PlanImpossible extends Error {
  override readonly name:
    | 'SessionMissing'
    | 'ManifestMissing'
    | 'ManifestUnreadable'
    | 'PipelineMissing'
    | 'PlanTooLarge'
    | 'RuleFailed';

  constructor(name: PlanImpossible['name'], message: string) {
    super(message);
    this.name = name;
  }
}

/** The session had ended before its graph was stored, and is planned anew: a later try stores it. */
class PlannedAnew extends Error {
  override readonly name = 'PlannedAnew';
}

const Message = messageBody(PlanRequest);

const pipelineOf = async (
  session: SessionItem,
  { configuration }: PlanDependencies,
): Promise<Pick<PipelineItem, 'services' | 'rule'>> => {
  const pipeline = await configuration.pipelines.get(session.pipeline);
  if (pipeline !== undefined) return pipeline;
  // Every installation has this one without anybody having set it.
  if (session.pipeline === DEFAULT_PIPELINE) return { services: [] };
  throw new PlanImpossible(
    'PipelineMissing',
    `There is no pipeline "${session.pipeline}": create it with "gantry pipeline set ${session.pipeline}", or change the AE title ${session.aeTitle}.`,
  );
};

const manifestOf = async (session: SessionItem, { objects }: PlanDependencies) => {
  const key = objectKeys.groupManifest(session.groupId);
  if ((await objects.size(key)) === undefined) {
    throw new PlanImpossible('ManifestMissing', `The group ${session.groupId} has no manifest.`);
  }
  const manifest = GroupManifest.safeParse(await objects.getJson(key));
  if (manifest.success) return manifest.data;
  throw new PlanImpossible(
    'ManifestUnreadable',
    `The manifest of the group ${session.groupId} is not what this version of Gantry reads.`,
  );
};

/** Nothing runs for a group that the pipeline's rule is not about, or about which it could not say. */
const ruledOut = (
  { pipeline }: SessionItem,
  rule: NonNullable<SessionPlan['rule']>,
): SessionPlan => ({
  jobs: [],
  edges: [],
  objects: [],
  runnable: 0,
  emptyBecause: ruleSentence(pipeline, rule),
  missingServices: [],
  rule,
});

const makePlan = async (session: SessionItem, deps: PlanDependencies): Promise<SessionPlan> => {
  const { configuration, functions, clock } = deps;
  const now = clock();
  const [manifest, pipeline, installed, workers, aeTitle] = await Promise.all([
    manifestOf(session, deps),
    pipelineOf(session, deps),
    configuration.services.list(),
    configuration.workers.list(),
    configuration.aeTitles.get(session.aeTitle),
  ]);
  const rule =
    pipeline.rule === undefined
      ? undefined
      : {
          ...(await askGroupRule(pipeline.rule, manifest, (files, keywords) =>
            storedAttributes(deps.objects, files, keywords),
          )),
          at: now,
        };
  if (rule !== undefined && rule.outcome !== 'matched') return ruledOut(session, rule);
  const { services, missing } = servicesOfPipeline(installed, pipeline);
  const ask = askFunctions(functions, clock, session.id, {
    ...REGISTRY_LIMITS,
    deadline: now + CALLBACKS_MS,
  });
  const input = {
    session,
    manifest,
    services,
    v1Headers: await v1HeadersOf(manifest, services, deps.objects),
    now,
    workers: new Map(workers.map(({ name, hash }) => [name, hash])),
    retryDelaySeconds: (aeTitle ?? AE_TITLE_DEFAULTS).jobRetryDelayMs / 1000,
  };
  const planned = await planSession(input, ask).catch((error: unknown) => {
    if (error instanceof TooManyNodes) throw new PlanImpossible('PlanTooLarge', error.message);
    throw error;
  });
  return { ...planned, missingServices: [...missing], ...(rule === undefined ? {} : { rule }) };
};

const readPlan = async (
  id: string,
  { objects }: PlanDependencies,
): Promise<SessionPlan | undefined> => {
  const key = objectKeys.sessionPlan(id);
  return (await objects.size(key)) === undefined
    ? undefined
    : SessionPlan.parse(await objects.getJson(key));
};

/** Seals the plan of this session, unless somebody who planned it at the same time was first. */
const seal = async (
  session: SessionItem,
  plan: SessionPlan,
  deps: PlanDependencies,
): Promise<SessionPlan> => {
  const { objects, logger } = deps;
  if (!(await objects.putJsonIfAbsent(objectKeys.sessionPlan(session.id), plan))) {
    const sealed = await readPlan(session.id, deps);
    if (sealed === undefined) throw new Error('the plan that was there first is gone');
    return sealed;
  }
  logger.info('session planned', {
    sessionId: session.id,
    jobs: plan.runnable,
    nodes: plan.jobs.length,
    edges: plan.edges.length,
  });
  if (plan.missingServices.length > 0) {
    logger.warn('the pipeline names services that are not installed', {
      sessionId: session.id,
      pipeline: session.pipeline,
      services: plan.missingServices,
    });
  }
  return plan;
};

/** What a person who looks at the session should know of its plan, besides its jobs. */
const noteOn = ({ emptyBecause, missingServices }: SessionPlan): Pick<SessionItem, 'reason'> => {
  const names = missingServices.map((name) => `"${name}"`).join(', ');
  const sentences = [
    ...(emptyBecause === undefined ? [] : [emptyBecause]),
    ...(names === '' ? [] : [`The pipeline names services that are not installed: ${names}.`]),
  ];
  return sentences.length === 0 ? {} : { reason: sentences.join(' ') };
};

/** Throws when the rule failed: that is no "no", and the session must be seen to fail. */
const recordRule = async (
  session: SessionItem,
  { rule }: SessionPlan,
  { decisions }: PlanDependencies,
): Promise<void> => {
  if (rule === undefined) return;
  await decisions.recordDecision(ruleDecision(session, rule, rule.at));
  if (rule.outcome !== 'failed') return;
  const remedy = `To see what it read: gantry session explain ${session.id}`;
  throw new PlanImpossible('RuleFailed', `${ruleSentence(session.pipeline, rule)} ${remedy}`);
};

const answerFor = async (sessionId: string, deps: PlanDependencies): Promise<PlanAnswer> => {
  const { sessions, objects, clock } = deps;
  const [session, before] = await Promise.all([
    sessions.getSession(sessionId),
    readPlan(sessionId, deps),
  ]);
  if (session === undefined) {
    throw new PlanImpossible('SessionMissing', `There is no session ${sessionId}.`);
  }
  // The graph of a session that is being restarted is stored already, and may be half done.
  if (session.state !== 'PLANNING') {
    // The message may be that of a planner that died.
    await sessions.removeOtherGraphs(session);
    return { sessionId, jobs: before?.runnable ?? 0 };
  }
  const plan = before ?? (await seal(session, await makePlan(session, deps), deps));
  await recordRule(session, plan, deps);
  await inParallel(plan.objects, PUTS_AT_A_TIME, (document) =>
    objects.putJson(objectKeys.sessionObject(sessionId, document.objectId), document),
  );
  const noted = { ...session, ...noteOn(plan) };
  if (!(await sessions.storePlan(noted, plan.jobs, plan.edges, clock()))) {
    const now = await sessions.getSession(sessionId);
    if (now?.state === 'PLANNING') throw new PlannedAnew();
  }
  return { sessionId, jobs: plan.runnable };
};

export const makeHandler = (deps: PlanDependencies) => {
  const { executions, logger } = deps;

  const answer = async ({ sessionId, token }: PlanRequest): Promise<void> => {
    let alive: boolean;
    try {
      alive = await executions.succeed(token, await answerFor(sessionId, deps));
    } catch (error) {
      if (!(error instanceof PlanImpossible)) throw error;
      logger.error('session cannot be planned', { sessionId, reason: error.name });
      alive = await executions.fail(token, error.name, error.message);
    }
    if (!alive) logger.warn('nobody waits for the plan any more', { sessionId });
  };

  return async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const failures: SQSBatchResponse['batchItemFailures'] = [];
    for (const { messageId, body } of Records) {
      const request = Message.safeParse(body);
      if (!request.success) {
        logger.error('a message on the plan queue is not a plan request', { messageId });
        continue;
      }
      try {
        await answer(request.data);
      } catch (error) {
        const { sessionId } = request.data;
        logger.error('planning failed and will be tried again', {
          sessionId,
          ...errorFacts(error),
        });
        failures.push({ itemIdentifier: messageId });
      }
    }
    return { batchItemFailures: failures };
  };
};
