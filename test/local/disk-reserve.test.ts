/** The room that is kept for the emulator's tables. A disk that is full is `/dev/full`: every write says so. */
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  DiskFull,
  giveUpReserve,
  keepReserve,
  RESERVE_MEBIBYTES,
} from '../../local/disk-reserve.ts';
import { stateNotKept } from '../../local/emulator-state.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-reserve-'));
  file = join(folder, 'reserve');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the reserve', () => {
  it('takes its room on the disk, and gives it back', () => {
    keepReserve(file);

    expect(statSync(file).blocks * 512).toBeGreaterThanOrEqual(RESERVE_MEBIBYTES * 1024 * 1024);
    giveUpReserve(file);
    expect(existsSync(file)).toBe(false);
    giveUpReserve(file);
  });

  it('of an earlier start is used again, and made whole if that was killed meanwhile', () => {
    writeFileSync(file, 'a part of it');
    keepReserve(file);
    const { mtimeMs, size } = statSync(file);
    keepReserve(file);

    expect(size).toBe(RESERVE_MEBIBYTES * 1024 * 1024);
    expect(statSync(file).mtimeMs).toBe(mtimeMs);
  });

  it.runIf(existsSync('/dev/full'))(
    'is refused on a full disk, with the remedy, and leaves none of it there',
    () => {
      symlinkSync('/dev/full', file);

      expect(() => {
        keepReserve(file);
      }).toThrow(DiskFull);
      expect(existsSync(file)).toBe(false);
    },
  );
});

describe('the state of an emulator that was stopped', () => {
  const log = (...lines: string[]): string => {
    const logFile = join(folder, 'emulator.log');
    writeFileSync(logFile, lines.join('\n'));
    return logFile;
  };

  it('is kept where its log says nothing else', () => {
    const saved = 'INFO [persistence] Persistence: saved dynamodb state to /data/dynamodb.json';

    expect(stateNotKept(folder, log(saved))).toBeUndefined();
    expect(stateNotKept(folder, join(folder, 'no.log'))).toBeUndefined();
  });

  it('that could not be written is named, with the reason', () => {
    const logFile = log(
      'ERROR [persistence] Persistence: failed to save dynamodb: [Errno 28] No space left on device',
      'INFO [persistence] Persistence: saved sqs state to /data/sqs.json',
      'ERROR [persistence] Persistence: error getting state for lambda: [Errno 28] No space left on device',
    );

    const notKept = stateNotKept(folder, logFile);

    expect(notKept?.services).toEqual(['dynamodb', 'lambda']);
    expect(notKept?.message).toContain('dynamodb, lambda: [Errno 28] No space left on device');
  });
});
