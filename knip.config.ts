/** Dead files, exports and dependencies. Entry points are what npm scripts, CDK and containers start. */
import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    'infra/app.ts',
    'lambdas/*/index.ts',
    '{listener-container,worker-container,cli}/main.ts',
    'worker-container/docker/main.ts',
    'local/{bootstrap.mjs,main.ts,demo.ts,deploy.ts}',
    'local/localstack/gantry_localstack/expressions.mjs',
    'local/localstack/gantry_localstack/runtime.mjs',
    'scripts/{test,check,format,conformance,review,emulators}.ts',
    'console/main.ts',
    'bench/{main,listener/{discarding-sink,local-disk-listener,misbehaving-peer,slow-store-listener}}.ts',
    'bench/listener/dcmjs-dimse-receiver.mjs',
    'test/**/*.test.ts',
    'test/support/large-group-worker.ts',
    '{site,examples}/processors/**/*.test.ts',
  ],
  project: [
    '{core,aws,lambdas,site,listener-container,worker-container,cli,console,infra,local,scripts,test,bench}/**/*.{ts,mjs}',
  ],
  // Programs that are started by their path.
  ignoreDependencies: ['aws-cdk', 'dependency-cruiser', 'prettier'],
  // Of DCMTK, and of the system: the database of users.
  ignoreBinaries: ['Orthanc', 'bwrap', 'getent', 'dcmodify', 'storescp'],
  // The vocabulary is written to be read: its types stand beside their schemas, used or not yet.
  ignoreExportsUsedInFile: true,
};

export default config;
