/**
 * Samples: one study in every `n` becomes a session, once it has been quiet; the others are handed to the storage
 * space reclaimer. What a study is, counted or chosen, is decided once and kept, however often it is asked.
 */
import { z } from 'zod';
import {
  JobProcessorBase,
  type StoredInstance,
} from '../../core/processors/extension/job-processor-base.ts';

const Settings = z.strictObject({
  n: z.int().min(1).default(10),
  /** Seconds without an image after which a study is complete. */
  quiet: z.number().min(1).default(30),
  pipeline: z.string().default('default'),
});

/** Under {@link COUNTER} the number of studies so far; under a study's key, its own. */
interface State {
  readonly number: number;
}

const COUNTER = 'counter';

export class EveryNthStudy extends JobProcessorBase<z.infer<typeof Settings>, State> {
  static override readonly settings = Settings;
  readonly name = 'every-nth-study';

  async handleInstance({ keyId }: StoredInstance): Promise<void> {
    await this.setTimer(keyId, this.settings.quiet);
  }

  override async handleTimer(keyId: string): Promise<void> {
    const instances = await this.instances(keyId);
    if ((await this.numberOf(keyId)) % this.settings.n === 0) {
      await this.submitPipelineJob('sample', this.settings.pipeline, 'lower', instances);
    } else {
      await this.removeInstances(instances);
    }
  }

  /**
   * A crash between the two writes leaves a number that no study has: the next one is chosen a study earlier,
   * and none is counted twice.
   */
  private async numberOf(keyId: string): Promise<number> {
    const known = await this.store.get(keyId);
    if (known !== undefined) return known.number;
    const next = await this.store.update(COUNTER, (state) => ({
      number: (state?.number ?? 0) + 1,
    }));
    const own = await this.store.update(keyId, (state) => state ?? next);
    return own?.number ?? 0;
  }
}
