/** What holds of every plan, whatever the services, the group and the callbacks' answers are. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobItem } from '../../../core/contracts/items.ts';
import { LEVEL_OF_EVENT, LEVELS } from '../../../core/contracts/vocabulary.ts';
import { describeGroup } from '../../../core/planning/documents.ts';
import { eventsOfGroup } from '../../../core/planning/events.ts';
import { aPlan } from './factories.ts';
import { choices, runGraph, scenario } from './random-plan.ts';

const RUNS = { numRuns: 400 };

const isRunnable = ({ state }: JobItem): boolean => state === 'WAITING';

describe('every plan', { timeout: 60_000 }, () => {
  it('has each candidate of each object exactly once, to run or with the reason why not', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ services, manifest, answers }) => {
        const patients = describeGroup(manifest);
        const studies = patients.flatMap((patient) => patient.studies);
        const documents = {
          patient: patients,
          study: studies,
          series: studies.flatMap(({ series }) => series),
        };
        const expected = eventsOfGroup(manifest.groupBy).flatMap((event) =>
          documents[LEVEL_OF_EVENT[event]].flatMap(({ objectId }) =>
            services.flatMap(({ name, jobs }) =>
              jobs
                .filter(({ events }) => events.includes(event))
                .map(({ jobName }) => JSON.stringify([event, objectId, name, jobName])),
            ),
          ),
        );

        const { jobs, runnable } = await aPlan({ services, manifest }, answers);

        const own = jobs.filter(({ kind }) => kind === 'job');
        expect(
          own.map((job) => JSON.stringify([job.event, job.objectId, job.service, job.name])).sort(),
        ).toEqual(expected.sort());
        expect(own.filter(isRunnable)).toHaveLength(runnable);
        for (const job of own) {
          expect(isRunnable(job) ? job.reason === undefined : (job.reason ?? '') !== '').toBe(true);
        }
      }),
      RUNS,
    );
  });

  it('counts in `waiting` the incoming edges, which are different and join nodes that run', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ services, manifest, answers }) => {
        const { jobs, edges } = await aPlan({ services, manifest }, answers);

        const runnable = new Set(jobs.filter(isRunnable).map(({ nodeId }) => nodeId));
        expect(edges.every(({ from, to }) => runnable.has(from) && runnable.has(to))).toBe(true);
        expect(new Set(edges.map(({ from, to }) => `${from} ${to}`)).size).toBe(edges.length);
        for (const { nodeId, waiting, kind } of jobs) {
          expect(waiting).toBe(edges.filter(({ to }) => to === nodeId).length);
          expect(waiting > 0).toBe(runnable.has(nodeId) && kind !== 'pre-services');
        }
      }),
      RUNS,
    );
  });

  it('lets each job run at most one of a name for an object, after those that it depends on', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ services, manifest, answers }) => {
        const { jobs } = await aPlan({ services, manifest }, answers);

        const names = jobs
          .filter(isRunnable)
          .map(({ nodeId, objectId, name }) => `${objectId ?? nodeId} ${name}`);
        expect(new Set(names).size).toBe(names.length);
        const byNode = new Map(jobs.map((job) => [job.nodeId, job]));
        for (const job of jobs) {
          for (const node of job.dependsOn) {
            const dependency = byNode.get(node);
            expect(dependency?.objectId).toBe(job.objectId);
            expect(dependency !== undefined && isRunnable(dependency)).toBe(true);
            expect(node < job.nodeId).toBe(true);
          }
        }
      }),
      RUNS,
    );
  });

  it('ends whatever fails, and starts nothing before its level’s and its own dependencies have ended', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, choices, async ({ services, manifest, answers }, chooser) => {
        const { jobs, edges, runnable } = await aPlan({ services, manifest }, answers);

        const { ended, started } = runGraph(jobs, edges, chooser);

        const nodes = jobs.filter(isRunnable);
        expect(ended.size).toBe(nodes.length);
        const level = ({ object }: JobItem) =>
          object === undefined ? -1 : LEVELS.indexOf(object.level);
        const parents = new Map<string, readonly string[]>();
        for (const patient of describeGroup(manifest)) {
          for (const study of patient.studies) {
            parents.set(study.objectId, [patient.objectId]);
            for (const series of study.series) {
              parents.set(series.objectId, [study.objectId, patient.objectId]);
            }
          }
        }
        for (const job of nodes) {
          const before = started.get(job.nodeId);
          if (before === undefined) continue;
          const mustHaveEnded = nodes.filter((other) => {
            if (other.kind === 'pre-services') return job.kind !== 'pre-services';
            if (job.kind === 'post-services') return other.kind !== 'post-services';
            if (job.dependsOn.includes(other.nodeId)) return true;
            return (
              job.objectId !== undefined &&
              level(other) >= 0 &&
              level(other) < level(job) &&
              (parents.get(other.objectId ?? '') ?? []).includes(job.objectId)
            );
          });
          expect(mustHaveEnded.filter(({ nodeId }) => !before.has(nodeId))).toEqual([]);
        }
        // The platform's last node runs whatever failed before it.
        expect(started.has(nodes.at(-1)?.nodeId ?? '')).toBe(runnable > 0);
        expect(nodes.at(-1)?.kind).toBe(runnable > 0 ? 'post-services' : undefined);
      }),
      RUNS,
    );
  });

  it('gives each job that runs its parameters, and all that was added for its object', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ services, manifest, answers }) => {
        const { jobs, objects } = await aPlan({ services, manifest }, answers);

        for (const job of jobs.filter(({ kind }) => kind === 'job').filter(isRunnable)) {
          const object = objects.find(({ objectId }) => objectId === job.objectId);
          expect(object?.params).toHaveProperty(job.name);
          expect(object?.addedParams).toHaveProperty(job.name);
        }
      }),
      RUNS,
    );
  });
});
