/**
 * `build_kwargs` of a docker worker as arguments of `docker build`. The original hands them to docker-py; here those
 * that say what is in the image are honoured, and the others are named at installation.
 */
import { z } from 'zod';

const BuildKwargs = z.looseObject({
  buildargs: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is no name of a build argument'),
      z
        .union([z.string(), z.number(), z.boolean()], 'must be a text or a number')
        .transform(String),
      'must be an object of texts',
    )
    .nullish(),
  target: z
    .string('must be a text')
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'is no name of a build stage')
    .nullish(),
  nocache: z.boolean('must be true or false').nullish(),
});

/** Always so, whatever a package says: the original overrides them too. */
const ALWAYS = ['pull', 'rm', 'forcerm', 'decode', 'quiet'];

/** Problems of the values; `path` is relative to `build_kwargs`. */
export const buildKwargsProblems = (
  kwargs: Readonly<Record<string, unknown>>,
): { readonly path: readonly PropertyKey[]; readonly message: string }[] => {
  const parsed = BuildKwargs.safeParse(kwargs);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => ({ path, message }));
};

/** Names that have no effect. */
export const ignoredBuildKwargs = (kwargs: Readonly<Record<string, unknown>>): string[] =>
  Object.keys(kwargs).filter(
    (name) => !Object.hasOwn(BuildKwargs.shape, name) && !ALWAYS.includes(name),
  );

/** For kwargs without problems. */
export const buildArguments = (kwargs: Readonly<Record<string, unknown>>): string[] => {
  const { buildargs, target, nocache } = BuildKwargs.parse(kwargs);
  return [
    ...Object.entries(buildargs ?? {}).map(([name, value]) => `--build-arg=${name}=${value}`),
    ...(target === null || target === undefined ? [] : [`--target=${target}`]),
    ...(nocache === true ? ['--no-cache'] : []),
  ];
};
