/** One study of 5,000 instances by 16 associations at once: what its group costs, and that its release is exact. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableGroups } from '../../aws/groups.ts';
import { AE_TITLE_DEFAULTS, type AeTitleItem } from '../../core/contracts/configuration.ts';
import type { InstanceItem } from '../../core/contracts/items.ts';
import { groupKeyId, shortHash } from '../../core/contracts/keys.ts';
import { createAdmission } from '../../core/processors/admission.ts';
import { createGroupToucher } from '../../core/processors/group-toucher.ts';
import type { GroupStore } from '../../core/processors/group-store.ts';
import { manifestInstances } from '../../core/processors/members.ts';
import { checkGroup } from '../../core/processors/stability.ts';
import { TOUCH_INTERVAL_MS } from '../../core/processors/timing.ts';
import { EMULATOR_HOOK_MS, startEmulator, type Emulator } from '../support/emulator.ts';

const ASSOCIATIONS = 16;
const LISTENERS = 2;
const INSTANCES = 5000;
const KEY = { keyId: groupKeyId('HOT', ['StudyInstanceUID'], ['1.4']), keyValues: ['1.4'] };

const SETTINGS = {
  ...AE_TITLE_DEFAULTS,
  aeTitle: 'HOT',
  processor: 'ae-title',
  groupBy: [...AE_TITLE_DEFAULTS.groupBy],
  accept: [],
  ignore: [],
  pipelines: {},
} satisfies AeTitleItem;

const anInstance = (number: number, receivedAt: number): InstanceItem => ({
  aeTitle: 'HOT',
  keyId: KEY.keyId,
  sopInstanceUid: `1.2.${number}`,
  sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
  seriesInstanceUid: `1.3.${number % 4}`,
  studyInstanceUid: '1.4',
  patientId: 'P1',
  issuerOfPatientId: '',
  transferSyntaxUid: '1.2.840.10008.1.2',
  objectKey: `instances/${number}`,
  size: 10,
  sha256: shortHash(String(number), 64),
  callingAeTitle: 'MR1',
  remoteAddress: '127.0.0.1',
  associationId: `a${number % ASSOCIATIONS}`,
  receivedAt,
  attributes: { PatientID: 'P1', SeriesNumber: number % 4 },
});

let emulator: Emulator | undefined;
let groups: GroupStore;

beforeAll(async () => {
  emulator = await startEmulator();
  const table = await emulator.createTable('gantry-hot');
  const { objects } = await emulator.createBucket('gantry-hot');
  groups = tableGroups(table, objects);
}, EMULATOR_HOOK_MS);
afterAll(() => emulator?.stop(), EMULATOR_HOOK_MS);

describe('a hot group', () => {
  it('is written to twice a second by each listener, however many instances come, and released once with all', async () => {
    let writes = 0;
    const counting: GroupStore = {
      ...groups,
      open: (group) => {
        writes += 1;
        return groups.open(group);
      },
      touch: (...args) => {
        writes += 1;
        return groups.touch(...args);
      },
    };
    const listeners = Array.from({ length: LISTENERS }, () => {
      const toucher = createGroupToucher({
        groups: counting,
        clock: Date.now,
        sendCheck: () => Promise.resolve(),
        onCheckNotSent: () => undefined,
        limit: (call) => call,
      });
      return createAdmission({ groups: counting, toucher });
    });
    let next = 0;
    const associate = async (association: number): Promise<void> => {
      const { admit } = listeners[association % LISTENERS] ?? {};
      while (next < INSTANCES) {
        const number = next;
        next += 1;
        await admit?.(anInstance(number, Date.now()), KEY, SETTINGS);
      }
    };

    const beganAt = Date.now();
    await Promise.all(Array.from({ length: ASSOCIATIONS }, (_, number) => associate(number)));
    const lastAt = Date.now();
    const seconds = (lastAt - beganAt) / 1000;
    const open = await groups.newest(KEY.keyId);
    const sessions = new Set<string>();
    const check = () =>
      checkGroup(
        {
          groups,
          clock: Date.now,
          sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
          sendCheck: () => Promise.resolve(),
          sessions: {
            createSession: ({ id }) => {
              sessions.add(id);
              return Promise.resolve(true);
            },
            getSession: () => Promise.resolve(undefined),
          },
          executions: { start: () => Promise.resolve('started' as const) },
          sessionMachineArn: 'machine',
        },
        { groupId: open?.id ?? '' },
      );
    // Three at once, as when messages are delivered more than once.
    while ((await groups.newest(KEY.keyId))?.state !== 'RELEASED') {
      await Promise.all([check(), check(), check()]);
    }
    const released = await groups.newest(KEY.keyId);
    const manifest = await groups.manifest(open?.id ?? '');
    const members = manifest === undefined ? [] : manifestInstances(manifest);

    // One touch each W and listener, and those with which each of them began.
    const perListener = (seconds * 1000) / TOUCH_INTERVAL_MS + 3;
    expect(writes).toBeLessThanOrEqual(LISTENERS * perListener);
    expect(released).toMatchObject({ generation: 1, instanceCount: INSTANCES });
    expect(new Set(members.map(({ objectKey }) => objectKey)).size).toBe(INSTANCES);
    expect((released?.claimedAt ?? 0) - lastAt).toBeGreaterThanOrEqual(5000);
    expect(sessions.size).toBe(1);
  }, 600_000);

  it('is read with one object for the attributes that its instances share', async () => {
    const items = await groups.instances(KEY.keyId);

    expect(items).toHaveLength(INSTANCES);
    expect(new Set(items.map(({ attributes }) => attributes)).size).toBe(4);
    expect(
      items.every(({ seriesInstanceUid, attributes }) =>
        seriesInstanceUid.endsWith(`.${String(attributes['SeriesNumber'])}`),
      ),
    ).toBe(true);
  }, 60_000);
});
