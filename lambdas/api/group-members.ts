/** A group of the table, and which instances are in it. */
import type { GroupItem } from '../../core/contracts/items.ts';
import { parseGroupId } from '../../core/contracts/keys.ts';
import { presentContents } from '../../core/processors/members.ts';
import type { ApiContext } from './context.ts';
import { notFound } from './problems.ts';

/** Throws the problem when there is none. */
export const getGroup = async ({ groups }: ApiContext, id: string): Promise<GroupItem> => {
  const parsed = parseGroupId(id);
  const item = parsed && (await groups.get(parsed.keyId, parsed.generation));
  if (item === undefined) throw notFound('group', id);
  return item;
};

/**
 * Of a sealed group its manifest; before, what it would have if it were sealed now, in the order of arrival: a rerun also
 * what it repeats. Nothing is written for it.
 */
export const membersOf = async ({ groups }: ApiContext, group: GroupItem) => {
  const manifest = await groups.manifest(group.id);
  if (manifest !== undefined) return { manifest };
  const [items, generations] = await Promise.all([
    groups.instances(group.keyId),
    groups.generations(group.keyId),
  ]);
  const sealed = await Promise.all(
    generations
      .filter(({ generation }) => generation < group.generation)
      .map(({ id }) => groups.manifest(id)),
  );
  const manifests = new Map(
    sealed.flatMap((earlier) => (earlier === undefined ? [] : [[earlier.groupId, earlier]])),
  );
  const contents = presentContents(group.id, generations, items, manifests);
  const { members = [], repeats = [], repetition } = contents ?? {};
  return {
    items: [...members, ...repeats.map((item) => ({ ...item, repeated: true as const }))].toSorted(
      (a, b) => a.receivedAt - b.receivedAt,
    ),
    repetition,
  };
};
