/**
 * Waits until a study has images of two modalities, by default CT and PT, and a quiet time has passed since the
 * last one; then all of it is one session. If the second one does not come in time, a setting decides.
 */
import { z } from 'zod';
import {
  JobProcessorBase,
  type StoredInstance,
} from '../../core/processors/extension/job-processor-base.ts';

const Settings = z.strictObject({
  /** The two values of Modality (0008,0060). */
  modalities: z.tuple([z.string(), z.string()]).default(['CT', 'PT']),
  /** Seconds without an image, once both are there. */
  quiet: z.number().min(1).default(30),
  /** Seconds after the last image, while one of them is missing. */
  wait: z.number().min(1).default(3600),
  /** What is done with a study that stays alone: a session of what there is, or nothing. */
  alone: z.enum(['submit', 'leave']).default('leave'),
  pipeline: z.string().default('default'),
});

export class PairOfModalities extends JobProcessorBase<z.infer<typeof Settings>> {
  static override readonly settings = Settings;
  readonly name = 'pair-of-modalities';

  /** `keyId` stands for the study, as the AE title groups by study. */
  async handleInstance({ keyId }: StoredInstance): Promise<void> {
    const { quiet, wait } = this.settings;
    const complete = this.isPair(await this.instances(keyId));
    await this.setTimer(keyId, complete ? quiet : wait);
  }

  override async handleTimer(keyId: string): Promise<void> {
    const { pipeline, alone } = this.settings;
    const instances = await this.instances(keyId);
    if (!this.isPair(instances) && alone === 'leave') {
      this.log.warn('A study stayed alone', { instances: instances.length });
      return;
    }
    await this.submitPipelineJob('pair', pipeline, 'normal', instances);
  }

  private isPair(instances: readonly StoredInstance[]): boolean {
    const there = new Set(instances.map(({ attributes }) => attributes['Modality']));
    return this.settings.modalities.every((modality) => there.has(modality));
  }
}
