/** Reads the API for `npm run demo`: a document by its path, checked with the schema that the API has. */
import type { z } from 'zod';

/** The API answered with something else than success. */
export class ApiRefused extends Error {
  override readonly name = 'ApiRefused';

  constructor(path: string, status: number, body: string) {
    super(`GET ${path} answered ${status}: ${body.slice(0, 500)}`);
  }
}

export interface ApiReader {
  /** `path` is below /api/v1/; throws {@link ApiRefused}. */
  get<T>(path: string, schema: z.ZodType<T>): Promise<T>;
}

export const apiReader = (apiUrl: string): ApiReader => ({
  get: async (path, schema) => {
    const response = await fetch(`${apiUrl}/api/v1/${path}`);
    const body = await response.text();
    if (!response.ok) throw new ApiRefused(path, response.status, body);
    return schema.parse(JSON.parse(body));
  },
});
