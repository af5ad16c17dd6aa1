/** The image starts the listener as a computer does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LISTENER_NODE_ARGUMENTS } from '../../listener-container/node-arguments.ts';
import { REPOSITORY } from '../../local/settings.ts';

it('starts the listener in its image with the arguments that it has everywhere', () => {
  const file = readFileSync(join(REPOSITORY, 'listener-container', 'Dockerfile'), 'utf8');
  const entry: unknown = JSON.parse(/^ENTRYPOINT (.+)$/m.exec(file)?.[1] ?? '');

  expect(entry).toEqual(['node', ...LISTENER_NODE_ARGUMENTS, '/app/listener.mjs']);
});
