/** Jobs: state, log and result. */
import { z } from 'zod';
import { Job, LOG_HEADERS } from '../../../core/contracts/api.ts';
import { isShown, toJob } from '../../../core/contracts/api-conversion.ts';
import type { JobItem } from '../../../core/contracts/items.ts';
import { parseJobId } from '../../../core/contracts/keys.ts';
import { objectKeys } from '../../../core/contracts/object-keys.ts';
import { isTerminalJobState } from '../../../core/running/states.ts';
import type { ApiContext } from '../context.ts';
import { ApiProblem, notFound } from '../problems.ts';
import { route } from '../router.ts';

/** Bytes of a log in one answer: a function's answer ends at 6 MB, and control characters grow in JSON. */
const MAX_LOG_BYTES = 512 * 1024;

const getJob = async ({ sessions }: ApiContext, id: string): Promise<JobItem> => {
  const parsed = parseJobId(id);
  const item = parsed && (await sessions.getJob(parsed.sessionId, parsed.nodeId));
  if (item === undefined || !isShown(item)) throw notFound('job', id);
  return item;
};

/** From `offset` on, whole characters only: UTF-8 continuation bytes are 10xxxxxx. */
const logChunk = (bytes: Uint8Array, offset: number): { text: string; end: number } => {
  let end = Math.min(bytes.length, offset + MAX_LOG_BYTES);
  while (end < bytes.length && end > offset && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return { text: Buffer.from(bytes.subarray(offset, end)).toString('utf8'), end };
};

export const jobRoutes = [
  route({
    method: 'GET',
    path: '/jobs/{id}',
    operation: 'getJob',
    summary: 'One job',
    response: Job,
    handle: async (context, { parameters }) => ({
      json: toJob(await getJob(context, parameters.id)),
    }),
  }),
  route({
    method: 'GET',
    path: '/jobs/{id}/logs',
    operation: 'getJobLog',
    summary: `What the job printed, from a byte on; ${LOG_HEADERS.nextOffset} says where to go on`,
    query: z.strictObject({
      offset: z.coerce.number().int().min(0).default(0),
      attempt: z.coerce.number().int().min(1).optional(),
    }),
    answers: 'text',
    handle: async (context, { parameters, query: { offset, attempt: asked } }) => {
      const job = await getJob(context, parameters.id);
      const attempt = asked ?? Math.max(1, job.attempt);
      const key = objectKeys.jobLog(job.sessionId, job.nodeId, attempt);
      const bytes =
        (await context.objects.size(key)) === undefined
          ? new Uint8Array()
          : await context.objects.getBytes(key);
      const { text, end } = logChunk(bytes, Math.min(offset, bytes.length));
      const ended = isTerminalJobState(job.state) || attempt < job.attempt;
      return {
        text,
        headers: {
          [LOG_HEADERS.nextOffset]: String(end),
          [LOG_HEADERS.complete]: String(ended && end === bytes.length),
          [LOG_HEADERS.attempt]: String(attempt),
        },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/jobs/{id}/result',
    operation: 'getJobResult',
    summary: 'What the callback gave back',
    handle: async (context, { parameters }) => {
      const job = await getJob(context, parameters.id);
      if (job.resultInBucket === true) {
        const key = objectKeys.jobResult(job.sessionId, job.nodeId, job.attempt);
        return { json: await context.objects.getJson(key) };
      }
      if (job.resultJson !== undefined) return { json: JSON.parse(job.resultJson) as unknown };
      if (job.state === 'SUCCEEDED') return { json: null };
      throw new ApiProblem('no-result', [
        {
          message: `the job is ${job.state}${job.reason === undefined ? '' : `: ${job.reason}`}`,
          remedy: isTerminalJobState(job.state)
            ? `see: gantry job show ${job.id}`
            : `wait for its end: gantry session watch ${job.sessionId}`,
        },
      ]);
    },
  }),
];
