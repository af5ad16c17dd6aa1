/**
 * The emulator's port is part of what it keeps: URLs of queues, environments of functions, outputs of stacks.
 * When it is started on another port, its tables are told before it reads them.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Beside the state, so that whoever copies one has the other. */
const ADDRESS_FILE = 'address';

/** Replaces the address of the last start in all tables by that of this one. */
export const moveState = (stateFolder: string, port: number): void => {
  const file = join(stateFolder, ADDRESS_FILE);
  const address = `127.0.0.1:${port}`;
  const last = existsSync(file) ? readFileSync(file, 'utf8') : address;
  if (last !== address) {
    // Not the beginning of a longer number.
    const pattern = new RegExp(`${last.replaceAll('.', '\\.')}(?!\\d)`, 'g');
    for (const name of readdirSync(stateFolder).filter((entry) => entry.endsWith('.json'))) {
      const table = join(stateFolder, name);
      const content = readFileSync(table, 'utf8');
      if (content.includes(last)) writeFileSync(table, content.replaceAll(pattern, address));
    }
  }
  writeFileSync(file, address);
};
