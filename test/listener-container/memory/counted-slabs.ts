/** A pool that tells which of its slabs are held by somebody. */
import { SlabPool, type Slab } from '../../../listener-container/memory/slabs.ts';

export const countedSlabs = () => {
  const taken = new Set<Slab>();
  const pool = new SlabPool(2, (slab) => taken.delete(slab));
  const take = (): Slab => {
    const slab = pool.take();
    taken.add(slab);
    return slab;
  };
  return { taken, take };
};
