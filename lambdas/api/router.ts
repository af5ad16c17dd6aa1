/**
 * A table of routes, each with the schemas of what it takes and gives: the same table checks requests, finds
 * the handler, and makes the OpenAPI document.
 */
import type { z } from 'zod';
import type { ApiContext } from './context.ts';
import { ApiProblem, invalidRequest } from './problems.ts';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** The names in braces of a path pattern. */
type PathNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PathNames<Rest>
  : never;

/** JSON, a text with headers of its own, or nothing (status 204). */
export type Answer =
  | { readonly json: unknown }
  | { readonly text: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly empty: true };

interface Description {
  readonly method: Method;
  /** Below /api/v1; `{name}` stands for one segment. */
  readonly path: string;
  readonly operation: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** What the OpenAPI document says of the body, where that is not the schema that reads it. */
  readonly bodyDescription?: z.ZodType;
  /** Registered in `apiSchemas`; a text answer and an empty one have none. */
  readonly response?: z.ZodType;
  readonly answers?: 'json' | 'text' | 'empty';
}

export interface Route extends Description {
  readonly run: (
    context: ApiContext,
    parameters: Readonly<Record<string, string>>,
    query: Readonly<Record<string, string>>,
    body: unknown,
  ) => Promise<Answer>;
}

interface RouteDefinition<
  Path extends string,
  Query extends z.ZodObject,
  Body extends z.ZodType,
> extends Description {
  readonly path: Path;
  readonly query?: Query;
  readonly body?: Body;
  readonly handle: (
    context: ApiContext,
    request: {
      readonly parameters: Readonly<Record<PathNames<Path>, string>>;
      readonly query: z.output<Query>;
      readonly body: z.output<Body>;
    },
  ) => Promise<Answer>;
}

/** Gives a route its types: from the path, and from the schemas of query and body. */
export const route = <
  Path extends string,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodType,
>({
  handle,
  ...description
}: RouteDefinition<Path, Query, Body>): Route => ({
  ...description,
  run: (context, parameters, rawQuery, rawBody) => {
    const query = description.query?.safeParse(rawQuery);
    const body = description.body?.safeParse(rawBody);
    if (query?.success === false) throw invalidRequest('query', query.error);
    if (body?.success === false) throw invalidRequest('body', body.error);
    return handle(context, {
      parameters: parameters,
      query: (query?.data ?? {}) as z.output<Query>,
      body: body?.data as z.output<Body>,
    });
  },
});

const segmentsOf = (path: string): string[] => path.split('/').filter((part) => part !== '');

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

const match = (pattern: string, path: string): Record<string, string> | undefined => {
  const [expected, given] = [segmentsOf(pattern), segmentsOf(path)];
  if (expected.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const segment = given[index] ?? '';
    const name = /^\{(.+)\}$/.exec(part)?.[1];
    if (name !== undefined) parameters[name] = decode(segment);
    else if (part !== segment) return undefined;
  }
  return parameters;
};

/** The route for a request; `path` is below /api/v1. Throws the problem when there is none. */
export const findRoute = (
  routes: readonly Route[],
  method: string,
  path: string,
): { route: Route; parameters: Readonly<Record<string, string>> } => {
  const matching = routes.flatMap((candidate) => {
    const parameters = match(candidate.path, path);
    return parameters === undefined ? [] : [{ route: candidate, parameters }];
  });
  const found = matching.find(({ route: candidate }) => candidate.method === method);
  if (found !== undefined) return found;
  if (matching.length === 0) {
    throw new ApiProblem('not-found', [
      { message: `there is no resource ${path}; GET /api/v1/openapi.json describes them all` },
    ]);
  }
  const allowed = matching.map(({ route: candidate }) => candidate.method).join(', ');
  throw new ApiProblem('method-not-allowed', [
    { message: `${method} is not possible here; possible: ${allowed}` },
  ]);
};
