/**
 * A change of a source: merged with what is there, and checked as a whole. Either the new item comes out, or
 * every problem; never a part of a change.
 */
import type { z } from 'zod';
import type { SourceSettings } from '../contracts/api-configuration.ts';
import type { ProblemDetail } from '../contracts/api-problem.ts';
import { AeTitleName, type SourceItem } from '../contracts/configuration.ts';
import { hostProblem } from './source-hosts.ts';

export type SourceReading =
  | { readonly ok: true; readonly item: SourceItem }
  | { readonly ok: false; readonly problems: readonly ProblemDetail[] };

/** Without the fields that say nothing. */
const defined = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

/** `before` is the source of that name, if there is one: what `change` leaves out stays, what is null goes. */
export const readSourceSettings = (
  name: string,
  change: z.infer<typeof SourceSettings>,
  before: SourceItem | undefined,
): SourceReading => {
  const title = AeTitleName.safeParse(name);
  const problems = [
    ...(title.error?.issues ?? []).map(({ message }) => ({ path: 'aeTitle', message })),
    ...(change.hosts ?? []).flatMap((host) => {
      const message = hostProblem(host);
      return message === undefined ? [] : [{ path: 'hosts', message }];
    }),
  ];
  if (problems.length > 0 || !title.success) return { ok: false, problems };
  const merged = { hosts: [], ...before, ...defined(change), aeTitle: title.data };
  return {
    ok: true,
    item: {
      aeTitle: title.data,
      hosts: merged.hosts,
      // What was null is gone now.
      ...defined({
        port: merged.port ?? undefined,
        tls: merged.tls,
        maxAssociations: merged.maxAssociations ?? undefined,
        certificateFingerprints: merged.certificateFingerprints,
        userIdentity: merged.userIdentity ?? undefined,
      }),
    },
  };
};
