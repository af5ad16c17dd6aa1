/**
 * The integration tests that LocalStack's community edition cannot pass, each with the reason. Everything else runs
 * against it; what it does otherwise is made up for in local/localstack.ts and local/localstack/.
 */
export const LOCALSTACK_GAPS: readonly { readonly file: string; readonly reason: string }[] = [
  {
    file: 'test/integration/restart.test.ts',
    reason: 'it forgets everything when it is stopped: persistence is part of its paid editions',
  },
];
