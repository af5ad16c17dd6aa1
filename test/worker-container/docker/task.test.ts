import { Logger } from '@aws-lambda-powertools/logger';
import { expect, it } from 'vitest';
import type { ObjectStore } from '../../../core/contracts/ports.ts';
import { openTaskLog } from '../../../worker-container/docker/task.ts';
import { MAX_LOG_BYTES } from '../../../worker-container/execution/job-log.ts';
import type { TaskDependencies } from '../../../worker-container/docker/task.ts';
import { aNode } from '../../support/sessions.ts';

it('the log of a container that prints without end keeps its beginning and its last lines, and no more', async () => {
  const objects = { put: () => Promise.resolve() } as unknown as ObjectStore;
  const tools = { objects } as TaskDependencies['tools'];
  const logger = new Logger({ logLevel: 'SILENT' });
  const log = openTaskLog({ tools, logger }, aNode('s1', 1), 'a pre script\n');

  const line = Buffer.from(`${'x'.repeat(64 * 1024 - 1)}\n`);
  for (let written = 0; written < 3 * MAX_LOG_BYTES; written += line.length) log.write(line);
  log.write(Buffer.from('out of memory\n'));
  await log.close();

  expect(log.text().length).toBe(MAX_LOG_BYTES);
  expect(log.text().slice(0, 13)).toBe('a pre script\n');
  expect(log.tail().slice(-14)).toBe('out of memory\n');
  expect(log.tail().length).toBeLessThanOrEqual(64 * 1024);
});
