/** A service package of as many jobs as wanted that do nothing, like the trivial one of the tests; each returns its time. */
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TrivialPackage {
  readonly service: string;
  readonly path: string;
}

const MODULE = `"""Does nothing."""

import time
from typing import Any


def run(**kwargs: Any) -> float:
    """When the callback ran, in seconds since the epoch."""
    return time.time()
`;

const REGISTRY = `"""Runs for every object."""

from typing import Any


def always(**kwargs: Any) -> bool:
    """Yes."""
    return True
`;

export interface TrivialOptions {
  /** Each job waits for the one before it. */
  readonly chained?: boolean;
  readonly keepWarm?: 'all-sessions' | undefined;
  /** A folder with a worker of type venv, under which the jobs run. */
  readonly worker?: string;
}

/** Written below `folder`, ready to be installed. */
export const writeTrivialPackage = (
  folder: string,
  jobs: number,
  { chained = false, keepWarm, worker }: TrivialOptions = {},
): TrivialPackage => {
  const service = [
    chained ? 'chained' : 'trivial',
    ...(keepWarm === undefined ? [] : ['warm']),
    ...(worker === undefined ? [] : ['venv']),
    jobs,
  ].join('-');
  const nameOf = (index: number): string => `trivial-${String(index + 1).padStart(3, '0')}`;
  const path = mkdtempSync(join(folder, `${service}-`));
  const manifest = {
    name: service,
    version: '1.0.0',
    summary: 'Independent jobs that do nothing: what a job costs by itself.',
    ...(worker === undefined ? {} : { worker: { path: 'worker', type: 'venv' } }),
    service: {
      registry: 'registry',
      module: 'module',
      jobs: Array.from({ length: jobs }, (_, index) => ({
        jobName: nameOf(index),
        registryEntry: 'always',
        workerEntry: 'run',
        events: ['stable-study'],
        dependsOn: chained && index > 0 ? [nameOf(index - 1)] : [],
        ...(keepWarm === undefined ? {} : { keepWarm }),
        ...(worker === undefined ? {} : { worker: service }),
      })),
    },
  };
  if (worker !== undefined) cpSync(worker, join(path, 'worker'), { recursive: true });
  for (const name of ['module', 'registry']) mkdirSync(join(path, name));
  writeFileSync(join(path, 'dcm-processor.json'), JSON.stringify(manifest, undefined, 2));
  writeFileSync(join(path, 'module', '__init__.py'), MODULE);
  writeFileSync(join(path, 'registry', '__init__.py'), REGISTRY);
  return { service, path };
};
