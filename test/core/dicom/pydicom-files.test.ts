/** Every DICOM file that pydicom bundles: our header says what pydicom says. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { instanceHeader, wantedTags } from '../../../core/dicom/header.ts';
import { createHeaderReader } from '../../../core/dicom/header-reader.ts';
import { HEADER_KEYWORDS } from '../../../core/planning/header-keywords.ts';
import { testPython } from '../../support/python.ts';

const KEYWORDS = ['SOPClassUID', 'SOPInstanceUID', ...HEADER_KEYWORDS.series];

const files = z
  .array(
    z.object({
      path: z.string(),
      offset: z.int(),
      transferSyntax: z.string(),
      attributes: z.record(z.string(), z.unknown()),
      /** With its ideographic and phonetic groups. */
      wholeName: z.string(),
    }),
  )
  .parse(
    JSON.parse(
      execFileSync(
        await testPython(),
        [join(import.meta.dirname, '../../support/pydicom_files.py'), ...KEYWORDS],
        { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
      ),
    ),
  );

describe('header of a real file', () => {
  it('is compared for at least a hundred files', () => {
    expect(files.length).toBeGreaterThanOrEqual(100);
  });

  it.each(files.map((file) => ({ name: basename(file.path), ...file })))(
    'is what pydicom reads: $name',
    async ({ path, offset, transferSyntax, attributes, wholeName }) => {
      const { SOPClassUID, SOPInstanceUID, ...expected } = attributes;
      const dataSet = readFileSync(path).subarray(offset);
      const reader = createHeaderReader(transferSyntax, wantedTags([]));
      for (let at = 0; at < dataSet.length && !reader.finished; at += 1000) {
        await reader.write(dataSet.subarray(at, at + 1000));
      }

      const header = instanceHeader(await reader.end());

      expect(header.attributes).toEqual(expected);
      // pydicom leaves empty groups at the end out.
      expect((header.text('PatientName') ?? '').replace(/=+$/, '')).toBe(wholeName.trim());
      expect([header.text('SOPClassUID'), header.text('SOPInstanceUID')]).toEqual([
        SOPClassUID,
        SOPInstanceUID,
      ]);
    },
  );
});
