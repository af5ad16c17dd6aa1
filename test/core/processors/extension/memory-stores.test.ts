import { describe } from 'vitest';
import {
  memoryDeliveries,
  memoryProcessorStates,
} from '../../../../core/processors/extension/memory-stores.ts';
import { deliveryStoreContract } from '../../../support/delivery-store-contract.ts';

describe('a delivery in memory', () => {
  deliveryStoreContract(() =>
    Promise.resolve({ deliveries: memoryDeliveries(() => 0), states: memoryProcessorStates() }),
  );
});
