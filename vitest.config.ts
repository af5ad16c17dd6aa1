/**
 * `unit` needs nothing but Node; `protocol` drives the listener over TCP with real DICOM tools; `infra` reads
 * synthesised templates; `integration` starts a whole Gantry on free ports, which `integration-alone` uses afterwards.
 */
import { defineConfig } from 'vitest/config';
import { gapsOf } from './test/support/localstack-gaps.ts';

const INTEGRATION = {
  testTimeout: 120_000,
  hookTimeout: 300_000,
  globalSetup: ['test/support/shared-gantry.ts'],
  setupFiles: ['test/support/log-of-failures.ts'],
};

const LEFT_OUT = gapsOf(process.env['GANTRY_EMULATOR']).map(({ file }) => file);

/** They wait more than they work: for quiet time, and for what comes every minute. */
const FILES_AT_ONCE = 2;

/** Of the integration tests, those that others on the same Gantry must not feel, or that must not feel others. */
const ALONE = [
  // Reads which lines are new in the listener's log.
  'test/integration/bad-input.test.ts',
  // Kills the listener and functions, and empties a queue.
  'test/integration/kills.test.ts',
  // Have limits on how long something takes.
  'test/integration/scenario-2.test.ts',
  'test/integration/small-jobs.test.ts',
  // Compares and replaces the configuration of everybody.
  'test/integration/whole-configuration.test.ts',
];

export default defineConfig({
  test: {
    globals: false,
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'test/{core,aws,lambdas,worker-container,cli,console,local,scripts,bench}/**/*.test.ts',
            '{site,examples}/processors/**/*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'protocol',
          include: ['test/{listener-container,conformance/dicom}/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'infra',
          include: ['test/infra/**/*.test.ts'],
          testTimeout: 60_000,
          // The CDK and its checks take seconds to begin: once for all files of a worker, which share templates too.
          isolate: false,
        },
      },
      {
        test: {
          ...INTEGRATION,
          name: 'integration',
          include: ['test/{integration,conformance/!(dicom)}/**/*.test.ts'],
          exclude: [...LEFT_OUT, ...ALONE],
          maxWorkers: FILES_AT_ONCE,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...INTEGRATION,
          name: 'integration-alone',
          include: ALONE,
          exclude: LEFT_OUT,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
