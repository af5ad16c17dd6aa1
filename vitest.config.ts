/**
 * `unit` needs nothing but Node; `protocol` drives the listener over TCP with real DICOM tools; `infra` reads
 * synthesised templates; `integration` starts a whole Gantry on free ports, which `integration-alone` uses afterwards.
 * What needs a quiet computer comes one by one after `unit` and `protocol`: `unit-alone`, `protocol-alone`. `original`
 * runs packages on the platform that their format is of.
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

/** Left to itself vitest keeps one processor free, and has one of two left. These share nothing but the computer. */
const EVERY_PROCESSOR = { maxWorkers: '100%' };

/** Each file while no other runs: most have programs that must answer, or be too slow, within about a second. */
const ONE_BY_ONE = { fileParallelism: false, sequence: { groupOrder: 1 } };

const UNIT_ALONE = [
  // Callbacks with 0.2 to 1 s, in which Python starts.
  'test/lambdas/registry/registry.test.ts',
  // Callbacks with 2 s, in which their process starts.
  'test/worker-container/warm.test.ts',
];

const PROTOCOL_ALONE = [
  // Senders that a listener gives up on after 0.1 to 1 s, and not before.
  'test/listener-container/{misbehaving,waiting}.test.ts',
  // Stores that have 0.2 s to answer, and answers that have a second.
  'test/listener-container/ingest/{failing-store,ingest}.test.ts',
  // pynetdicom has said of a rejection, on a busy computer, that it was an abort.
  'test/listener-container/tls.test.ts',
];

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
          ...EVERY_PROCESSOR,
          name: 'unit',
          include: [
            'test/{core,aws,lambdas,worker-container,cli,console,local,scripts,bench}/**/*.test.ts',
            '{site,examples}/processors/**/*.test.ts',
          ],
          exclude: UNIT_ALONE,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          ...EVERY_PROCESSOR,
          name: 'protocol',
          include: ['test/{listener-container,conformance/dicom}/**/*.test.ts'],
          exclude: PROTOCOL_ALONE,
          testTimeout: 30_000,
        },
      },
      {
        test: { ...ONE_BY_ONE, name: 'unit-alone', include: UNIT_ALONE, testTimeout: 30_000 },
      },
      {
        test: {
          ...ONE_BY_ONE,
          name: 'protocol-alone',
          include: PROTOCOL_ALONE,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          ...EVERY_PROCESSOR,
          name: 'infra',
          include: ['test/infra/**/*.test.ts'],
          testTimeout: 60_000,
          // The CDK and its checks take seconds to begin: once for all files of a worker, which share templates too.
          isolate: false,
        },
      },
      {
        test: {
          name: 'original',
          include: ['test/conformance/original/*.test.ts'],
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...INTEGRATION,
          name: 'integration',
          include: ['test/{integration,conformance/dcm-processor}/**/*.test.ts'],
          exclude: [...LEFT_OUT, ...ALONE],
          maxWorkers: FILES_AT_ONCE,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          ...INTEGRATION,
          name: 'integration-alone',
          include: ALONE,
          exclude: LEFT_OUT,
          fileParallelism: false,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
