/** The audit on a real table and bucket: what of them it reads, over pages, and what it finds in them. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storedInventory } from '../../aws/inventory.ts';
import { tableGroups } from '../../aws/groups.ts';
import { tableReclaims } from '../../aws/reclaims.ts';
import type { Table } from '../../aws/table.ts';
import { UnroutedItem, type InstanceItem } from '../../core/contracts/items.ts';
import { objectKeys } from '../../core/contracts/object-keys.ts';
import type { ObjectStore } from '../../core/contracts/ports.ts';
import type { GroupStore } from '../../core/processors/group-store.ts';
import { instanceObjectKey } from '../../core/processors/instance-object.ts';
import { AUDIT_MINIMUM_AGE_MS, auditStorage } from '../../core/processors/storage-audit.ts';
import { limiter } from '../../core/running/concurrency.ts';
import { EMULATOR_HOOK_MS, startEmulator, type Emulator } from '../support/emulator.ts';
import { aGroup, anInstance } from '../support/groups.ts';

const TABLE = 'gantry-table';
const BUCKET = 'gantry-data';

let emulator: Emulator | undefined;
let table: Table;
let objects: ObjectStore;
let groups: GroupStore;
let s3: S3Client;
let documents: DynamoDBDocumentClient;

beforeAll(async () => {
  emulator = await startEmulator();
  table = await emulator.createTable(TABLE);
  ({ objects, client: s3 } = await emulator.createBucket(BUCKET));
  groups = tableGroups(table, objects);
  documents = DynamoDBDocumentClient.from(new DynamoDBClient(emulator.connection));
}, EMULATOR_HOOK_MS);
afterAll(() => emulator?.stop(), EMULATOR_HOOK_MS);

const BODY = Buffer.from('DICM');
const put = (key: string): Promise<void> =>
  objects.put(key, BODY, { length: BODY.length, contentType: 'application/dicom' });

/** A scan's page ends at 1 MB: four such items are more than one. */
const LARGE = { attributes: { PatientComments: 'x'.repeat(300_000) } };
const LARGE_ITEMS = 16;
/** A listing's page ends at 1000 keys. */
const MANY_OBJECTS = 1005;

/** So long after the test's writes that none of them is young. */
const audit = () => {
  const clock = (): number => Date.now() + 2 * AUDIT_MINIMUM_AGE_MS;
  const inventory = storedInventory({ documents, tableName: TABLE, s3, bucket: BUCKET });
  return auditStorage({ inventory, clock }, { until: Number.MAX_SAFE_INTEGER });
};

describe('the audit of a table and a bucket', () => {
  it('compares all grouped and unrouted instances with their objects, and looks at nothing else', async () => {
    const group = aGroup({ keyValues: ['1.2.3'] });
    await groups.open(group);
    const received = (sopInstanceUid: string, facts = {}): InstanceItem => {
      const item = anInstance(group, sopInstanceUid, facts);
      return { ...item, objectKey: instanceObjectKey(item) };
    };
    const whole = Array.from({ length: LARGE_ITEMS }, (_, index) =>
      received(`1.2.4.${index + 1}`, { ...LARGE, studyInstanceUid: `1.2.4.${index + 1}` }),
    );
    const lost = received('1.2.5');
    const doomed = received('1.2.6');
    for (const item of [...whole, lost, doomed]) await groups.putInstance(item);
    for (const { objectKey } of whole) await put(objectKey);
    const { keyId, generation } = group;
    await tableReclaims(table).doom(keyId, { fence: 0, newest: generation }, [doomed], Date.now());

    const unrouted = (sopInstanceUid: string): UnroutedItem => {
      const facts = { ...anInstance(group, sopInstanceUid), reason: 'it has no PatientID' };
      const objectKey = objectKeys.unrouted(facts.aeTitle, sopInstanceUid, facts.sha256);
      return UnroutedItem.parse({ ...facts, objectKey });
    };
    const [kept, gone] = [unrouted('1.2.7'), unrouted('1.2.8')];
    await groups.putUnrouted(kept);
    await groups.putUnrouted(gone);
    await put(kept.objectKey);

    const strangers = Array.from(
      { length: MANY_OBJECTS },
      (_, index) => `unrouted/STRANGER/${String(index).padStart(4, '0')}.dcm`,
    );
    const limit = limiter(20);
    await Promise.all(strangers.map((key) => limit(() => put(key))));
    await put(objectKeys.groupManifest(group.id));

    const found = await audit();

    expect(found).toMatchObject({
      items: LARGE_ITEMS + 4,
      objects: LARGE_ITEMS + 1 + MANY_OBJECTS,
      itemsWithoutObject: { count: 2, keys: [lost.objectKey, gone.objectKey].sort() },
      objectsWithoutItem: { count: MANY_OBJECTS, keys: strangers.slice(0, 100) },
    });
    expect(found.unfinishedBecause).toBeUndefined();
  }, 60_000);
});
