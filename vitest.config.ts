/**
 * `unit` needs nothing but Node; `protocol` drives the listener over TCP with real DICOM tools; `infra` reads
 * synthesised templates; `integration` starts a whole Gantry on free ports.
 */
import { defineConfig } from 'vitest/config';
import { gapsOf } from './test/support/localstack-gaps.ts';

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
      { test: { name: 'infra', include: ['test/infra/**/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'integration',
          include: ['test/{integration,conformance/!(dicom)}/**/*.test.ts'],
          exclude: gapsOf(process.env['GANTRY_EMULATOR']).map(({ file }) => file),
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          globalSetup: ['test/support/shared-gantry.ts'],
        },
      },
    ],
  },
});
