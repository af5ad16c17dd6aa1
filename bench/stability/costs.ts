/** From the counted calls of a study to USD for a thousand: of a modality's ten images a second, and of an archive's hundred. */
import { startEmulator } from '../../test/support/emulator.ts';
import { PRICES } from '../cost/prices.ts';
import { STUDY } from '../cost/study.ts';
import type { Figures } from '../figures.ts';
import { MODEL_MS } from '../planning/modelled-cloud.ts';
import { countStudy, type CountedStudy } from './counted-study.ts';

const STUDIES = 1000;

const SENDERS = {
  '10 images a second': STUDY.receptionSeconds,
  '100 images a second': STUDY.instances / 100,
} as const;

/** Sent, received, deleted. */
const REQUESTS_PER_MESSAGE = 3;

/** Of the function `stability-check`: infra/stacks/orchestration-stack.ts. */
const FUNCTION_GIGABYTES = 0.5;

/** Of one study. */
const stabilityUsd = ({ table: { group }, messages, waitedMs }: CountedStudy) => {
  // A check that waited reads the group twice; that of the release has some calls more.
  const functionSeconds = (waitedMs + messages * 2 * MODEL_MS.item) / 1000;
  return {
    table: group.writeUnits * PRICES.tableWriteUnit + group.readUnits * PRICES.tableReadUnit,
    messages: messages * REQUESTS_PER_MESSAGE * PRICES.sqsRequest,
    function:
      messages * PRICES.lambdaRequest +
      functionSeconds * FUNCTION_GIGABYTES * PRICES.lambdaArmGigabyteSecond,
  };
};

/** What is known of its members: not what it costs to wait for them. */
const sealingUsd = ({ table, objectPuts }: CountedStudy): number =>
  (table.instance.readUnits + table.index.readUnits) * PRICES.tableReadUnit +
  table.index.writeUnits * PRICES.tableWriteUnit +
  objectPuts * PRICES.objectPut;

export const addCosts = async (figures: Figures): Promise<void> => {
  const emulator = await startEmulator();
  try {
    for (const [index, [sender, seconds]] of Object.entries(SENDERS).entries()) {
      const study = { instances: STUDY.instances, seconds };
      const counted = await countStudy(emulator, `counted-${index}`, study);
      const { group, instance } = counted.table;
      const add = (what: string, unit: 'units' | 'messages' | 'USD', value: number): void => {
        figures.add(`${what}, ${sender}`, unit, value);
      };
      add('write units, each instance', 'units', instance.writeUnits / STUDY.instances);
      add('write units, group of 500', 'units', group.writeUnits);
      add('read units, group of 500', 'units', group.readUnits);
      add('messages, each group', 'messages', counted.messages);
      const usd = stabilityUsd(counted);
      const sum = usd.table + usd.messages + usd.function;
      add('stability of 1,000 studies', 'USD', sum * STUDIES);
      for (const [what, part] of Object.entries(usd)) {
        add(`of it ${what}`, 'USD', part * STUDIES);
      }
      add('manifest and index of 1,000 studies', 'USD', sealingUsd(counted) * STUDIES);
    }
  } finally {
    await emulator.stop();
  }
};
