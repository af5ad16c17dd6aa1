/** The peak hour of a hospital group: when which study arrives, as events with seconds from its beginning. */
import { exponential } from './random.ts';

export interface Load {
  readonly studiesPerHour: number;
  /** Part of the studies that come in bursts: a list that is worked off, an archive that sends what it held back. */
  readonly inBursts: number;
  readonly burstSize: number;
  readonly instancesPerStudy: number;
  readonly megabytesPerStudy: number;
  /** Of one study's sender. */
  readonly instancesPerSecond: number;
  readonly hours: number;
}

export const PEAK_HOUR: Load = {
  studiesPerHour: 250,
  inBursts: 0.4,
  burstSize: 20,
  instancesPerStudy: 500,
  megabytesPerStudy: 250,
  instancesPerSecond: 10,
  hours: 1,
};

/** A burst's studies begin within so many seconds. */
const BURST_SECONDS = 60;

/** Seconds at which studies begin to arrive, in order. */
export const arrivals = (load: Load, random: () => number): number[] => {
  const { studiesPerHour, inBursts, burstSize, hours } = load;
  const end = hours * 3600;
  const times: number[] = [];
  const process = (perHour: number, each: (at: number) => void): void => {
    if (perHour <= 0) return;
    for (
      let at = exponential(random, 3600 / perHour);
      at < end;
      at += exponential(random, 3600 / perHour)
    ) {
      each(at);
    }
  };
  process(studiesPerHour * (1 - inBursts), (at) => times.push(at));
  process((studiesPerHour * inBursts) / burstSize, (at) => {
    for (let index = 0; index < burstSize; index += 1) {
      times.push(at + random() * BURST_SECONDS);
    }
  });
  return times.sort((one, other) => one - other);
};
