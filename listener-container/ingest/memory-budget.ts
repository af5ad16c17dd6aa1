/** How much memory all instances on their way in may hold together; what does not fit goes to disk. */
export interface MemoryBudget {
  /** False when so many bytes are not left: nothing is taken then. */
  take(bytes: number): boolean;
  giveBack(bytes: number): void;
  readonly takenBytes: number;
}

export const memoryBudget = (limitBytes: number): MemoryBudget => {
  let takenBytes = 0;
  return {
    take: (bytes) => {
      if (takenBytes + bytes > limitBytes) return false;
      takenBytes += bytes;
      return true;
    },
    giveBack: (bytes) => {
      takenBytes -= bytes;
    },
    get takenBytes() {
      return takenBytes;
    },
  };
};
