/** A group of the table, and which instances are in it. */
import type { GroupItem } from '../../core/contracts/items.ts';
import { parseGroupId } from '../../core/contracts/keys.ts';
import { presentMembers } from '../../core/processors/manifest.ts';
import type { ApiContext } from './context.ts';
import { notFound } from './problems.ts';

/** Throws the problem when there is none. */
export const getGroup = async ({ groups }: ApiContext, id: string): Promise<GroupItem> => {
  const parsed = parseGroupId(id);
  const item = parsed && (await groups.get(parsed.keyId, parsed.generation));
  if (item === undefined) throw notFound('group', id);
  return item;
};

/** Of a sealed group its manifest; before, the instances of the key that no earlier manifest holds. */
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
  return {
    items: presentMembers(group.id, generations, items, manifests).toSorted(
      (a, b) => a.receivedAt - b.receivedAt,
    ),
  };
};
