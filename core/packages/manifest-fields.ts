/** What the service's and the worker's half of `dcm-processor.json` have in common: fields, and how problems are told. */
import { z } from 'zod';
import type { ProblemDetail } from '../contracts/api-problem.ts';

const MAX_NAME_LENGTH = 100;

/** Of a package: a part of URLs, and of keys of objects. */
export const Name = z
  .string('must be a text')
  .min(1, 'must not be empty')
  .max(MAX_NAME_LENGTH, `has more than ${MAX_NAME_LENGTH} characters`)

  .regex(/^[^/\\#?%\x00-\x1f]+$/, 'must not contain / \\ # ? % or control characters')
  .refine((name) => name !== '.' && name !== '..', 'is not a name');

/** 0.0.0 when there is none. */
export const Version = z
  .union([z.string(), z.number().transform(String)], 'must be a text such as "1.0.0"')
  .nullish()
  .transform((version) => version ?? '0.0.0');

/** Below that of the manifest, with `/` between its parts. */
export const Folder = z
  .string('must be the path of a folder in the package')
  .transform((path) =>
    path
      .replaceAll('\\', '/')
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/'),
  )
  .refine((path) => !path.split('/').includes('..'), 'must be a folder inside the package')
  .refine((path) => path !== '', 'must be a folder below that of dcm-processor.json');

const showPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === 'number'
        ? `${text}[${part}]`
        : text === ''
          ? String(part)
          : `${text}.${String(part)}`,
    '',
  );

/** Each with the path of its field, as in `service.jobs[0].timeout`. */
export const problemsOf = (error: z.ZodError): ProblemDetail[] =>
  error.issues.map((issue) => ({
    path: showPath(issue.path),
    message:
      issue.code === 'invalid_type' && issue.input === undefined ? 'is missing' : issue.message,
  }));

/** A field of what may be no object. */
export const get = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
