/** AE titles: what Gantry answers to, and how what arrives there is grouped. */
import { z } from 'zod';
import {
  AeTitle,
  AeTitleDetail,
  AeTitlePage,
  AeTitleSettings,
  toAeTitle,
  toAeTitleDetail,
} from '../../../core/contracts/api-configuration.ts';
import { AeTitleName } from '../../../core/contracts/configuration.ts';
import { IgnoredCount } from '../../../core/contracts/items.ts';
import { tableKeys } from '../../../core/contracts/keys.ts';
import { DEFAULT_PIPELINE } from '../../../core/contracts/names.ts';
import {
  askedProcessor,
  readAeTitleSettings,
  type SiteProcessors,
} from '../../../core/configuration/ae-title-settings.ts';
import type { ApiContext } from '../context.ts';
import { pageOfList, Paging } from '../paging.ts';
import { ApiProblem, notFound } from '../problems.ts';
import { route } from '../router.ts';

/** The name as it is stored: without spaces around it. */
const aeTitleName = (text: string): string => {
  const name = AeTitleName.safeParse(text);
  if (name.success) return name.data;
  throw new ApiProblem(
    'invalid-configuration',
    name.error.issues.map(({ message }) => ({ path: 'aeTitle', message })),
  );
};

const NO_PROCESSORS: SiteProcessors = { known: [], problems: [] };

/** Their function is asked only if one of them is named: it may be cold, and the built-in ones do not need it. */
const siteProcessors = async (
  { processors }: ApiContext,
  asked: ReturnType<typeof askedProcessor>,
): Promise<SiteProcessors> => (asked === undefined ? NO_PROCESSORS : processors.check(asked));

export const aeTitleRoutes = [
  route({
    method: 'GET',
    path: '/ae-titles',
    operation: 'listAeTitles',
    summary: 'All AE titles',
    query: Paging,
    response: AeTitlePage,
    handle: async ({ configuration }, { query }) => ({
      json: pageOfList(
        (await configuration.aeTitles.list()).map((item) => toAeTitle(item)),
        query,
      ),
    }),
  }),
  route({
    method: 'GET',
    path: '/ae-titles/{name}',
    operation: 'getAeTitle',
    summary: 'One AE title, with what it ignored so far',
    response: AeTitleDetail,
    handle: async ({ configuration, table }, { parameters: { name } }) => {
      const item = await configuration.aeTitles.get(name);
      if (item === undefined) throw notFound('AE title', name);
      const ignored = await table.queryAll(
        tableKeys.ignored(name, '').pk,
        tableKeys.ignoredPrefix,
        IgnoredCount,
      );
      return { json: toAeTitleDetail(item, ignored) };
    },
  }),
  route({
    method: 'PUT',
    path: '/ae-titles/{name}',
    operation: 'setAeTitle',
    summary: 'Makes or changes an AE title; what is left out stays as it is',
    // Described by one schema, but read field by field, so that one answer tells every problem.
    body: z.record(z.string(), z.unknown()),
    bodyDescription: AeTitleSettings,
    response: AeTitle,
    handle: async (context, { parameters, body }) => {
      const { configuration } = context;
      const name = aeTitleName(parameters.name);
      const [before, pipelines] = await Promise.all([
        configuration.aeTitles.get(name),
        configuration.pipelines.list(),
      ]);
      const reading = readAeTitleSettings(
        name,
        body,
        before,
        new Set([DEFAULT_PIPELINE, ...pipelines.map(({ id }) => id)]),
        await siteProcessors(context, askedProcessor(body, before)),
      );
      if (!reading.ok) throw new ApiProblem('invalid-configuration', reading.problems);
      await configuration.aeTitles.put(name, reading.item);
      return { json: toAeTitle(reading.item, [...reading.notes]) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/ae-titles/{name}',
    operation: 'removeAeTitle',
    summary: 'Removes an AE title; its open groups are still released',
    answers: 'empty',
    handle: async ({ configuration }, { parameters }) => {
      if (!(await configuration.aeTitles.remove(parameters.name))) {
        throw notFound('AE title', parameters.name);
      }
      return { empty: true };
    },
  }),
];
