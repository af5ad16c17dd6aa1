/**
 * The integration tests that LocalStack's community edition cannot pass, each with the reason. Everything else runs
 * against it; what it does otherwise is made up for in local/localstack.ts and local/localstack/.
 */
interface Gap {
  readonly file: string;
  readonly reason: string;
  /** Only where the tests use a LocalStack that runs already. */
  readonly onlyWhenRunning?: true;
}

const LOCALSTACK_GAPS: readonly Gap[] = [
  {
    file: 'test/integration/restart.test.ts',
    reason: 'it forgets everything when it is stopped: persistence is part of its paid editions',
  },
  {
    file: 'test/integration/start.test.ts',
    reason: 'it starts a second Gantry, and a LocalStack that runs already has room for one',
    onlyWhenRunning: true,
  },
  {
    file: 'test/integration/releases.test.ts',
    reason: 'it changes functions, so it starts a Gantry of its own: see above',
    onlyWhenRunning: true,
  },
];

/** Those of an emulator that GANTRY_EMULATOR names; the default one has none. */
export const gapsOf = (emulator: string | undefined): readonly Gap[] =>
  emulator?.endsWith('localstack') === true
    ? LOCALSTACK_GAPS.filter(
        ({ onlyWhenRunning }) => onlyWhenRunning !== true || emulator === 'running-localstack',
      )
    : [];
