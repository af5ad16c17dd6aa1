/** Deliveries and processors' states against a table that speaks DynamoDB's own protocol. */
import { afterAll, describe } from 'vitest';
import { tableDeliveries, tableProcessorStates } from '../../aws/deliveries.ts';
import { deliveryStoreContract } from '../support/delivery-store-contract.ts';
import { startEmulator, type Emulator } from '../support/emulator.ts';

let emulator: Emulator | undefined;
afterAll(() => emulator?.stop());

describe('a delivery of the table', { timeout: 60_000 }, () => {
  deliveryStoreContract(async () => {
    emulator = await startEmulator();
    const table = await emulator.createTable('deliveries');
    return { deliveries: tableDeliveries(table), states: tableProcessorStates(table) };
  });
});
