/** Files in a temporary folder: small Part 10 files, and what is none. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { part10Head } from '../../../core/dicom/part10.ts';

export const CT_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.2';
export const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';

export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-send-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
};

export interface FileChoices {
  readonly sopClassUid?: string;
  readonly sopInstanceUid?: string;
  readonly transferSyntaxUid?: string;
  readonly dataSet?: Buffer;
}

export const aPart10File = ({
  sopClassUid = CT_IMAGE_STORAGE,
  sopInstanceUid = '1.2.3.4',
  transferSyntaxUid = EXPLICIT_LITTLE,
  dataSet = Buffer.alloc(100, 5),
}: FileChoices = {}): Buffer =>
  Buffer.concat([
    part10Head({
      sopClassUid,
      sopInstanceUid,
      transferSyntaxUid,
      callingAeTitle: 'TEST',
      calledAeTitle: 'TEST',
    }),
    dataSet,
  ]);

/** Returns the path. */
export const writeInto = (folder: string, name: string, content: Buffer | string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
