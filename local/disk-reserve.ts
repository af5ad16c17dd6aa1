/**
 * Room on the disk of the data folder for what the emulator writes when it is stopped: its tables, without which
 * nothing is found again. A file of that size is kept while Gantry runs, and given up for them.
 */
import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs';

const MEBIBYTE = 1024 * 1024;

/** Several times what it writes after thousands of instances. */
export const RESERVE_MEBIBYTES = 64;

/** The disk of the data folder has no room for what Gantry needs; it says how much that is. */
export class DiskFull extends Error {
  override readonly name = 'DiskFull';
  readonly file: string;

  constructor(file: string, cause: unknown) {
    super(
      `the disk of the data folder is full: Gantry keeps ${RESERVE_MEBIBYTES} MiB of it in ${file}; ` +
        'make room, or set GANTRY_DATA_DIR to a folder on another disk',
      { cause },
    );
    this.file = file;
  }
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** Makes the file, unless an earlier start has left it. Throws {@link DiskFull}; then there is none. */
export const keepReserve = (file: string): void => {
  if (sizeOf(file) === RESERVE_MEBIBYTES * MEBIBYTE) return;
  // Written and not only made longer: a file with a hole takes no room.
  const piece = Buffer.alloc(MEBIBYTE, 0x67);
  try {
    const opened = openSync(file, 'w');
    try {
      for (let written = 0; written < RESERVE_MEBIBYTES; written += 1) writeSync(opened, piece);
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    giveUpReserve(file);
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw new DiskFull(file, error);
    throw error;
  }
};

export const giveUpReserve = (file: string): void => {
  rmSync(file, { force: true });
};
