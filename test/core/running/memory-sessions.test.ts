/** The sessions in memory, on which the tests of this folder stand, keep what the stored ones promise. */
import { memorySessions } from '../../support/memory-sessions.ts';
import { sessionStoreContract } from '../../support/session-store-contract.ts';

sessionStoreContract('sessions in memory', () => memorySessions());
