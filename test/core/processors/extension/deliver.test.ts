/** Deliveries to a processor that a site wrote: at least once, repeated, parked where a person sees it. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  JobProcessorBase,
  type StoredInstance,
} from '../../../../core/processors/extension/job-processor-base.ts';
import { processorKit } from '../../../../core/processors/extension/test-kit.ts';

const Settings = z.strictObject({ failures: z.int().min(0).default(0) });
let failuresLeft = 0;
const calls: number[] = [];

class Stubborn extends JobProcessorBase<z.infer<typeof Settings>, { readonly seen: number }> {
  static override readonly settings = Settings;
  readonly name = 'stubborn';

  async handleInstance(instance: StoredInstance): Promise<void> {
    calls.push(this.now());
    if (failuresLeft > 0) {
      failuresLeft -= 1;
      throw new TypeError('not today');
    }
    await this.store.update('count', (state) => ({ seen: (state?.seen ?? 0) + 1 }));
    this.log.info(`seen ${instance.patientId} in ${instance.studyInstanceUid}`, {
      patient: instance.patientId,
    });
    await this.submitPipelineJob('each', 'default', 'normal', [instance]);
  }

  override async handleTimer(key: string): Promise<void> {
    calls.push(this.now());
    if (key === 'again' && calls.length < 3) await this.setTimer(key, 100);
  }
}

class Timed extends Stubborn {
  override async handleInstance(): Promise<void> {
    await this.setTimer('again', 100);
  }
}

class WithoutTimer extends JobProcessorBase {
  readonly name = 'without-timer';
  async handleInstance({ keyId }: StoredInstance): Promise<void> {
    await this.setTimer(keyId, 1);
  }
}

const kit = (failures: number, processor = Stubborn) => {
  failuresLeft = failures;
  calls.length = 0;
  return processorKit('stubborn', processor, {});
};

describe('a delivery', () => {
  it('that fails is repeated after 1, 5, 20 and 60 s, until it succeeds', async () => {
    const site = kit(4);

    await site.receive({});
    await site.pass(200);

    expect(calls).toEqual([0, 1000, 6000, 26_000, 86_000]);
    expect(site.submissions).toHaveLength(1);
    expect(site.parked).toEqual([]);
  });

  it('that fails five times is parked with its reason and a decision that names the remedy', async () => {
    const site = kit(5);

    await site.receive({ study: '1.2.9' });
    await site.pass(10_000);

    expect(calls).toHaveLength(5);
    expect(site.parked).toMatchObject([{ error: { type: 'TypeError', message: 'not today' } }]);
    expect(site.decisions).toMatchObject([
      { code: 'processor-failed', aeTitle: 'KIT', studyInstanceUid: '1.2.9' },
    ]);
    expect(site.decisions[0]?.message).toContain(
      `gantry delivery retry ${site.parked[0]?.id ?? ''}`,
    );
  });

  it('that was parked starts afresh when a person retries it', async () => {
    const site = kit(5);
    await site.receive({});
    await site.pass(200);

    await site.retryParked();

    expect(site.parked).toEqual([]);
    expect(site.submissions).toHaveLength(1);
  });

  it('of which nobody was told is found by the sweep', async () => {
    const site = kit(0);

    await site.receiveUntold({});
    await site.pass(120);

    expect(calls).toEqual([60_000]);
  });

  it('made twice makes one session', async () => {
    const site = kit(0);

    await site.receive({});
    await site.deliverAgain();

    expect(calls).toHaveLength(2);
    expect(site.submissions).toHaveLength(1);
  });

  it('fails visibly when a timer ends in a processor that handles none', async () => {
    const site = processorKit('without-timer', WithoutTimer);

    await site.receive({ study: '1.2.9' });
    await site.pass(200);

    expect(site.parked).toMatchObject([{ kind: 'timer', error: { type: 'TimerNotHandled' } }]);
    expect(site.decisions).toMatchObject([{ studyInstanceUid: '1.2.9' }]);
  });
});

describe('a timer', () => {
  it('that its handler sets anew comes again', async () => {
    const site = kit(0, Timed);

    await site.receive({});
    await site.pass(1000);

    expect(calls).toEqual([100_000, 200_000, 300_000]);
  });

  it('that is moved again and again comes once, after the last move', async () => {
    const site = kit(0, Timed);

    for (let number = 0; number < 30; number += 1) {
      await site.receive({});
      await site.pass(50);
    }
    calls.push(0, 0);
    await site.pass(500);

    expect(calls).toEqual([0, 0, 29 * 50_000 + 100_000]);
  });
});

it('what a processor logs names neither a patient nor a study', async () => {
  const site = kit(0);

  await site.receive({ patient: 'MEIER-17', study: '1.2.840.99.1.7' });

  const text = JSON.stringify(site.logged);
  expect(text).toContain('seen #');
  expect(text).not.toContain('MEIER');
  expect(text).not.toContain('1.2.840.99.1.7');
});
