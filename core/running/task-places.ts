/**
 * How many tasks of a docker worker there are at a time: each run of a job takes one of the worker's `maxRunners`
 * places before its task is started. A place is free when the run that has it is over, which its job's item says, so
 * that nobody has to give it back and none is lost with the task that had it.
 */
import type { TaskPlace } from '../contracts/items.ts';
import type { Priority } from '../contracts/vocabulary.ts';
import type { WorkerItem } from '../contracts/worker-item.ts';

export interface TaskPlaces {
  list(worker: string): Promise<readonly TaskPlace[]>;
  /** False when somebody has the place who is not `instead`. */
  take(worker: string, place: TaskPlace, instead?: string): Promise<boolean>;
}

/** Seconds until a job without a place asks again: of those that wait, the urgent ones come first. */
export const ASK_AGAIN_SECONDS: Readonly<Record<Priority, number>> = {
  immediate: 2,
  higher: 5,
  normal: 15,
  lower: 30,
};

export interface PlaceSeeker {
  /** The run: name of its execution. */
  readonly holder: string;
  /** On Spot capacity, whose places are counted apart. */
  readonly spot: boolean;
  readonly isOver: (holder: string) => Promise<boolean>;
}

/** False when the worker has no place left. A run that has one keeps it. */
export const takePlace = async (
  places: TaskPlaces,
  { name, maxRunners }: Pick<WorkerItem, 'name' | 'maxRunners'>,
  { holder, spot, isOver }: PlaceSeeker,
): Promise<boolean> => {
  const holders = new Map((await places.list(name)).map((one) => [one.place, one.holder]));
  if ([...holders.values()].includes(holder)) return true;
  const numbers = Array.from({ length: maxRunners }, (_, index) => index + 1);
  const ids = numbers.map((number) => `${spot ? 'spot-' : ''}${number}`);
  // Those that nobody ever had need no look at the job that had them.
  for (const place of ids.filter((id) => !holders.has(id))) {
    if (await places.take(name, { place, holder })) return true;
  }
  for (const place of ids) {
    const before = holders.get(place);
    if (before === undefined || !(await isOver(before))) continue;
    if (await places.take(name, { place, holder }, before)) return true;
  }
  return false;
};
