/** The REST API for the console: every answer is read with the schema that the API describes itself by. */
import type { z } from 'zod';
import { Problem } from '../../core/contracts/api-problem.ts';
import { NotReachable, NotUnderstood, Refused, SignInEnded } from './failures.ts';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;
type PageSchema<T> = z.ZodType<{ items: T[]; next: string | null }>;

const BASE = '/api/v1';
const PAGE_SIZE = 200;
/** Longer than the API's own limit (29 s): after that nobody answers any more. */
const TIMEOUT_MS = 35_000;

/** The first of a listing; `more` if there are others behind them. */
export interface Listed<T> {
  readonly items: readonly T[];
  readonly more: boolean;
}

export interface ApiClient {
  get<T>(schema: z.ZodType<T>, path: string, query?: Query): Promise<T>;
  /** All items of a listing, page by page, but hardly more than `most`. */
  list<T>(schema: PageSchema<T>, path: string, query: Query, most: number): Promise<Listed<T>>;
  post<T>(schema: z.ZodType<T>, path: string, body?: unknown): Promise<T>;
}

/** `/a/b` of parts that may hold any character. */
export const apiPath = (...parts: readonly string[]): string =>
  parts.map((part) => `/${encodeURIComponent(part)}`).join('');

const withQuery = (path: string, query: Query): string => {
  const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return given.length === 0
    ? `${BASE}${path}`
    : `${BASE}${path}?${new URLSearchParams(given).toString()}`;
};

const documentOf = async (response: Response): Promise<unknown> => {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
};

const read = async <T>(schema: z.ZodType<T>, response: Response): Promise<T> => {
  if (response.status === 401) throw new SignInEnded();
  const document = await documentOf(response);
  if (response.ok) {
    const answer = schema.safeParse(document);
    if (answer.success) return answer.data;
    throw new NotUnderstood(
      'The API answered in a way that this console does not know; load the page again',
    );
  }
  const problem = Problem.safeParse(document);
  if (problem.success && problem.data.code !== 'not-ready') throw new Refused(problem.data);
  if (response.status === 403) throw new NotUnderstood('Your account may not use the API');
  throw new NotReachable(
    response.status === 503 ? 'Gantry is starting' : `The API answered ${response.status}`,
  );
};

/** `token` gives what says who calls, or undefined where the API is open. */
export const apiClient = (token: () => string | undefined): ApiClient => {
  const request = async (path: string, init: RequestInit): Promise<Response> => {
    const bearer = token();
    try {
      return await fetch(path, {
        ...init,
        headers: {
          ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        },
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      throw new NotReachable('The API does not answer', { cause: error });
    }
  };
  const client: ApiClient = {
    get: async (schema, path, query = {}) =>
      read(schema, await request(withQuery(path, query), { method: 'GET' })),
    list: async (schema, path, query, most) => {
      const first = await client.get(schema, path, { ...query, limit: Math.min(PAGE_SIZE, most) });
      const items = [...first.items];
      let { next } = first;
      while (next !== null && items.length < most) {
        const page = await client.get(schema, path, { ...query, limit: PAGE_SIZE, next });
        items.push(...page.items);
        next = page.next;
      }
      return { items, more: next !== null };
    },
    post: async (schema, path, body = {}) =>
      read(
        schema,
        await request(withQuery(path, {}), { method: 'POST', body: JSON.stringify(body) }),
      ),
  };
  return client;
};
