/** The difference of two configurations, thing by thing and setting by setting. */
import { isDeepStrictEqual } from 'node:util';
import {
  CONFIGURATION_SECTIONS,
  type ConfigurationChange,
  type ConfigurationDocument,
} from '../contracts/api-whole-configuration.ts';

type Entry = Readonly<Record<string, unknown>>;

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

const given = (entry: Entry, field: string): unknown =>
  Object.hasOwn(entry, field) ? entry[field] : undefined;

/** Fields whose values differ; that a field is absent and that it is undefined are the same. */
const fieldChanges = (before: Entry, after: Entry): ConfigurationChange['fields'] =>
  sorted([...Object.keys(before), ...Object.keys(after)])
    .map((field) => ({ field, before: given(before, field), after: given(after, field) }))
    .filter((change) => !isDeepStrictEqual(change.before, change.after))
    .map((change) => ({
      field: change.field,
      ...(change.before === undefined ? {} : { before: change.before }),
      ...(change.after === undefined ? {} : { after: change.after }),
    }));

/** What leads from `before` to `after`, in the order of the sections, then by name. */
export const configurationChanges = (
  before: ConfigurationDocument,
  after: ConfigurationDocument,
): ConfigurationChange[] =>
  CONFIGURATION_SECTIONS.flatMap((section) => {
    const [old, wanted] = [before[section] ?? {}, after[section] ?? {}];
    return sorted([...Object.keys(old), ...Object.keys(wanted)]).flatMap(
      (name): ConfigurationChange[] => {
        const [was, is] = [old, wanted].map((entries) =>
          Object.hasOwn(entries, name) ? entries[name] : undefined,
        );
        const fields = fieldChanges(was ?? {}, is ?? {});
        if (was === undefined) return [{ action: 'add', section, name, fields }];
        if (is === undefined) return [{ action: 'remove', section, name, fields }];
        return fields.length === 0 ? [] : [{ action: 'change', section, name, fields }];
      },
    );
  });

/** The hash of a passcode is replaced: what was changed is told, not what it is. */
export const shownChanges = (changes: readonly ConfigurationChange[]): ConfigurationChange[] =>
  changes.map((change) => ({
    ...change,
    fields: change.fields.map((field) =>
      field.field === 'userIdentity'
        ? {
            field: field.field,
            ...('before' in field ? { before: shownIdentity(field.before) } : {}),
            ...('after' in field ? { after: shownIdentity(field.after) } : {}),
          }
        : field,
    ),
  }));

const shownIdentity = (identity: unknown) => ({
  username: (identity as { username: string }).username,
  passcodeSha256: '(not shown)',
});
