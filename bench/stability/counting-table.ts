/** A table whose calls are done by an emulator and counted in DynamoDB's units, apart by what they are for. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { tableKeys } from '../../core/contracts/keys.ts';

/** `group`: the item of the group itself; `instance`: items of instances; `index`: by which groups are found. */
export type Purpose = 'group' | 'instance' | 'index';

export interface TableUse {
  calls: number;
  writeUnits: number;
  readUnits: number;
}

export type TableUses = Readonly<Record<Purpose, TableUse>>;

const WRITE_UNIT_BYTES = 1024;
const READ_UNIT_BYTES = 4096;

const Item = z.record(z.string(), z.unknown());
const Input = z.object({
  Key: Item.optional(),
  Item: Item.optional(),
  UpdateExpression: z.string().optional(),
  ExpressionAttributeValues: Item.optional(),
});
type Input = z.infer<typeof Input>;
const Output = z.object({
  Attributes: Item.optional(),
  Item: Item.optional(),
  Items: z.array(Item).optional(),
});

/** About as DynamoDB counts an item: names and values. */
const bytesOf = (item: unknown): number => JSON.stringify(item ?? {}).length;

const units = (item: unknown, unitBytes: number): number =>
  Math.max(1, Math.ceil(bytesOf(item) / unitBytes));

const purposeOf = ({ Key, Item: item, ExpressionAttributeValues: values }: Input): Purpose => {
  const at = z.string().parse(Key?.['sk'] ?? item?.['sk'] ?? values?.[':prefix'] ?? '');
  const pk = z.string().parse(Key?.['pk'] ?? item?.['pk'] ?? values?.[':pk'] ?? '');
  if (at.startsWith(tableKeys.instancePrefix) || pk.startsWith(tableKeys.instancePrefix))
    return 'instance';
  return pk === tableKeys.group(pk.slice(2), 1).pk && at.startsWith(tableKeys.groupPrefix)
    ? 'group'
    : 'index';
};

/** Calls go on to `client`. A refused condition costs a write unit as well. */
export const countingTable = (client: DynamoDBDocumentClient) => {
  const none = (): TableUse => ({ calls: 0, writeUnits: 0, readUnits: 0 });
  const uses: TableUses = { group: none(), instance: none(), index: none() };
  const places = new Map<string, string>();
  /** The item, and its entry of the state index: one that is moved there is taken away and put anew. */
  const writeUnits = ({ Item: put }: Input, after: unknown): number => {
    const item = Item.parse(put ?? after ?? {});
    const one = units(item, WRITE_UNIT_BYTES);
    if (!('statePk' in item)) return one;
    const key = JSON.stringify([item['pk'], item['sk']]);
    const place = JSON.stringify([item['statePk'], item['stateSk']]);
    const moved = places.has(key) && places.get(key) !== place;
    places.set(key, place);
    return one + (moved ? 2 : 1) * one;
  };
  const send = async (command: Parameters<DynamoDBDocumentClient['send']>[0]) => {
    const input = Input.parse(command.input);
    const use = uses[purposeOf(input)];
    const writes = input.Item !== undefined || input.UpdateExpression !== undefined;
    use.calls += 1;
    try {
      const output = await client.send(command);
      const { Attributes, Item: item, Items } = Output.parse(output);
      if (writes) use.writeUnits += writeUnits(input, Attributes);
      else use.readUnits += units(Items ?? item, READ_UNIT_BYTES);
      return output;
    } catch (error) {
      if (writes) use.writeUnits += 1;
      throw error;
    }
  };
  return { uses, client: { send } as unknown as DynamoDBDocumentClient };
};
