/** One request of the HTTP API (payload format 2.0): find the route, check, run, answer in JSON. */
import { z } from 'zod';
import {
  PROBLEM_STATUS,
  type ProblemCode,
  type ProblemDetail,
} from '../../core/contracts/api-problem.ts';
import { errorFacts } from '../../core/contracts/message-body.ts';
import type { ApiContext } from './context.ts';
import { openApiDocument } from './openapi.ts';
import { ApiProblem, problemDocument } from './problems.ts';
import { findRoute, type Answer } from './router.ts';
import { ROUTES } from './routes.ts';

const BASE = '/api/v1';
const DOCUMENT = '/openapi.json';

/** What is used of the event of API Gateway, or of a function URL. */
const HttpEvent = z.object({
  rawPath: z.string(),
  rawQueryString: z.string().default(''),
  body: z.string().optional(),
  isBase64Encoded: z.boolean().default(false),
  requestContext: z.object({ http: z.object({ method: z.string() }) }),
});
type HttpEvent = z.infer<typeof HttpEvent>;

export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What service code printed is text, whatever it looks like to a browser. */
const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

const json = (
  statusCode: number,
  value: unknown,
  contentType = 'application/json',
): HttpAnswer => ({
  statusCode,
  headers: { ...HEADERS, 'content-type': contentType },
  body: JSON.stringify(value),
});

const refusal = (code: ProblemCode, problems: readonly ProblemDetail[]): HttpAnswer =>
  json(PROBLEM_STATUS[code], problemDocument(code, problems), 'application/problem+json');

const queryOf = (event: HttpEvent): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(event.rawQueryString));

const bodyOf = (event: HttpEvent): unknown => {
  if (event.body === undefined || event.body === '') return {};
  const text = event.isBase64Encoded
    ? Buffer.from(event.body, 'base64').toString('utf8')
    : event.body;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unreadable';
    throw new ApiProblem('invalid-request', [{ path: 'body', message: `is not JSON: ${why}` }]);
  }
};

const httpAnswer = (answer: Answer): HttpAnswer => {
  if ('json' in answer) return json(200, answer.json);
  if ('text' in answer) {
    return {
      statusCode: 200,
      headers: {
        ...HEADERS,
        'content-type': 'text/plain; charset=utf-8',
        ...answer.headers,
      },
      body: answer.text,
    };
  }
  return { statusCode: 204, headers: {}, body: '' };
};

/** `ready` gives the context once the installation has what it starts with, and logs why when it cannot. */
export const makeHandler =
  (ready: () => Promise<ApiContext>) =>
  async (rawEvent: unknown): Promise<HttpAnswer> => {
    const event = HttpEvent.parse(rawEvent);
    let context: ApiContext;
    try {
      context = await ready();
    } catch {
      return refusal('not-ready', [
        { message: 'Gantry cannot reach its table', remedy: 'try again in a moment' },
      ]);
    }
    try {
      if (!event.rawPath.startsWith(`${BASE}/`)) {
        throw new ApiProblem('not-found', [{ message: `the API is below ${BASE}` }]);
      }
      const path = event.rawPath.slice(BASE.length);
      const { method } = event.requestContext.http;
      if (method === 'GET' && path === DOCUMENT) {
        return json(200, openApiDocument(ROUTES, BASE, context.version));
      }
      const { route, parameters } = findRoute(ROUTES, method, path);
      return httpAnswer(await route.run(context, parameters, queryOf(event), bodyOf(event)));
    } catch (error) {
      if (error instanceof ApiProblem) return refusal(error.code, error.problems);
      context.logger.error('request failed', { ...errorFacts(error) });
      return refusal('internal-error', [
        {
          message: 'an error inside Gantry; its log has the details',
          remedy: 'try again; if it stays, look at the log of the function "api"',
        },
      ]);
    }
  };
