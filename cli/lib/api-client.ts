/** The REST API as typed calls; every answer is read with the schema that the API describes itself by. */
import { z } from 'zod';
import { Problem } from '../../core/contracts/api-problem.ts';
import { ApiRefused, CommandFailed, NotReachable, WrongUsage } from './failures.ts';

type Query = Readonly<Record<string, string | number | undefined>>;
type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

const PAGE_SIZE = '200';

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** What to do about an answer that does not come from the API itself but from what is before it. */
const ADVICE: Readonly<Record<number, readonly string[]>> = {
  401: [
    'sign in with gantry login, or name a token that is still good with GANTRY_API_TOKEN or --token',
  ],
  403: ['the token is good, but not for this'],
  503: ['Gantry is still starting; try again in a moment'],
};

const causeOf = (error: unknown): string => {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const inner = cause instanceof Error ? cause : error;
  const code = (inner as { code?: unknown }).code;
  return typeof code === 'string' ? code : inner instanceof Error ? inner.message : String(inner);
};

/** `/a/b` of parts that may hold any character. */
export const apiPath = (...parts: readonly string[]): string =>
  parts.map((part) => `/${encodeURIComponent(part)}`).join('');

export class ApiClient {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** `url` is the address before `/api/v1`; `token` says who calls. Throws WrongUsage if it could be overheard. */
  constructor(url: string, token?: string) {
    this.#base = `${url.replace(/\/+$/, '')}/api/v1`;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const { protocol, hostname } = new URL(this.#base);
    if (token !== undefined && protocol !== 'https:' && !LOOPBACK.has(hostname)) {
      throw new WrongUsage(`a token is sent over https only, and not to ${url}`);
    }
  }

  async #request(
    method: Method,
    path: string,
    query: Query = {},
    body?: unknown,
  ): Promise<Response> {
    const url = new URL(`${this.#base}${path}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        ...(body === undefined
          ? { headers: this.#headers }
          : {
              body: JSON.stringify(body),
              headers: { ...this.#headers, 'content-type': 'application/json' },
            }),
      });
    } catch (error) {
      throw new NotReachable(this.#base, causeOf(error));
    }
    if (response.ok) return response;
    const text = await response.text();
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch {
      document = undefined;
    }
    const problem = Problem.safeParse(document);
    if (problem.success) throw new ApiRefused(problem.data);
    throw new CommandFailed(
      `${url.host} answered ${response.status} to ${method} ${url.pathname}`,
      ADVICE[response.status] ?? [],
    );
  }

  async #json<T>(schema: z.ZodType<T>, response: Response): Promise<T> {
    const answer = schema.safeParse(await response.json());
    if (answer.success) return answer.data;
    throw new CommandFailed('the API answered in a way that this version of gantry does not know', [
      z.prettifyError(answer.error),
    ]);
  }

  async get<T>(schema: z.ZodType<T>, path: string, query: Query = {}): Promise<T> {
    return this.#json(schema, await this.#request('GET', path, query));
  }

  /** All items of a listing, page by page; at most `limit` if given. */
  async list<T>(
    schema: z.ZodType<{ items: T[]; next: string | null }>,
    path: string,
    query: Query = {},
    limit = Infinity,
  ): Promise<T[]> {
    const items: T[] = [];
    let next: string | null = null;
    do {
      const page: { items: T[]; next: string | null } = await this.get(schema, path, {
        ...query,
        limit: Math.min(limit - items.length, Number(PAGE_SIZE)),
        next: next ?? undefined,
      });
      items.push(...page.items);
      next = page.next;
    } while (next !== null && items.length < limit);
    return items;
  }

  async put<T>(schema: z.ZodType<T>, path: string, body: unknown): Promise<T> {
    return this.#json(schema, await this.#request('PUT', path, {}, body));
  }

  async post<T>(schema: z.ZodType<T>, path: string, body: unknown = {}): Promise<T> {
    return this.#json(schema, await this.#request('POST', path, {}, body));
  }

  async remove(path: string): Promise<void> {
    await this.#request('DELETE', path);
  }

  /** A text with the headers that came with it. */
  async text(path: string, query: Query = {}): Promise<{ text: string; headers: Headers }> {
    const response = await this.#request('GET', path, query);
    return { text: await response.text(), headers: response.headers };
  }
}
