/** The OpenAPI 3.1 document, made from the table of routes and the schemas that check the requests. */
import { z } from 'zod';
import { apiSchemas } from '../../core/contracts/api.ts';
import type { Route } from './router.ts';

const reference = (id: string): string => `#/components/schemas/${id}`;

const referenceTo = (schema: z.ZodType): { $ref: string } => {
  const id = apiSchemas.get(schema)?.id;
  if (id === undefined) throw new Error('the schema of a body or an answer has no name');
  return { $ref: reference(id) };
};

type JsonObject = Record<string, unknown>;

/** In a document of its own each schema would carry these. */
const embedded = (schema: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id'));

const parametersOf = (route: Route): JsonObject[] => {
  const inPath = [...route.path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const query =
    route.query === undefined ? undefined : z.toJSONSchema(route.query, { io: 'input' });
  const inQuery = Object.entries(query?.properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema,
  }));
  return [...inPath, ...inQuery];
};

const success = (route: Route): JsonObject => {
  if (route.answers === 'empty') return { 204: { description: 'Done' } };
  if (route.answers === 'text') {
    return {
      200: { description: 'Text', content: { 'text/plain': { schema: { type: 'string' } } } },
    };
  }
  const schema = route.response === undefined ? {} : referenceTo(route.response);
  return { 200: { description: 'OK', content: { 'application/json': { schema } } } };
};

const operationOf = (route: Route): JsonObject => ({
  operationId: route.operation,
  summary: route.summary,
  parameters: parametersOf(route),
  ...(route.body === undefined
    ? {}
    : {
        requestBody: {
          content: {
            'application/json': { schema: referenceTo(route.bodyDescription ?? route.body) },
          },
        },
      }),
  responses: {
    ...success(route),
    default: {
      description: 'A problem (RFC 9457)',
      content: { 'application/problem+json': { schema: { $ref: reference('Problem') } } },
    },
  },
});

export const openApiDocument = (
  routes: readonly Route[],
  base: string,
  version: string,
): JsonObject => {
  const paths: Record<string, JsonObject> = {};
  for (const route of routes) {
    const path = `${base}${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  const { schemas } = z.toJSONSchema(apiSchemas, { uri: reference, io: 'input' });
  return {
    openapi: '3.1.0',
    info: { title: 'Gantry', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(schemas).map(([id, schema]) => [id, embedded(schema as JsonObject)]),
      ),
    },
  };
};
