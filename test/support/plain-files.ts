/** Files of small instances with the patient, study and series that a test names, for real senders. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { part10Head } from '../../core/dicom/part10.ts';
import { contextOf, dataSetOf, type InstanceFacts } from './received-instances.ts';

let count = 0;

/** A UID that nobody else has: the time and a number below the root for UUIDs' sake (PS3.5 annex B.2). */
export const newUid = (): string => {
  count += 1;
  return `2.25.${process.pid}${Date.now()}${String(count).padStart(6, '0')}`;
};

/** Paths of one new file each, in their order. */
export const plainFiles = (
  ...instances: readonly Omit<InstanceFacts, 'sopInstanceUid'>[]
): string[] => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-plain-'));
  return instances.map((given, index) => {
    const facts = { ...given, sopInstanceUid: newUid() };
    const file = join(folder, `${index}.dcm`);
    writeFileSync(file, Buffer.concat([part10Head(contextOf(facts)), dataSetOf(facts)]));
    return file;
  });
};
