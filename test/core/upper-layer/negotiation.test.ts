/** What is served: the table of storage SOP classes, and nothing that only sounds like it. */
import { describe, expect, it } from 'vitest';
import { isServedAbstractSyntax } from '../../../core/upper-layer/negotiation.ts';
import { STORAGE_SOP_CLASSES } from '../../../core/upper-layer/storage-sop-classes.ts';

describe('an abstract syntax', () => {
  it.each([
    { uid: '1.2.840.10008.1.1', name: 'Verification' },
    { uid: '1.2.840.10008.5.1.4.1.1.2', name: 'CT Image Storage' },
    { uid: '1.2.840.10008.5.1.4.1.1.66.4', name: 'Segmentation Storage' },
    { uid: '1.2.840.10008.5.1.4.1.1.77.1.6', name: 'VL Whole Slide Microscopy Image Storage' },
    { uid: '1.2.840.10008.5.1.4.1.1.104.1', name: 'Encapsulated PDF Storage' },
    { uid: '1.2.840.10008.5.1.4.34.7', name: 'RT Beams Delivery Instruction Storage' },
    { uid: '1.2.840.10008.5.1.1.30', name: 'Hardcopy Color Image Storage, retired' },
  ])('is served: $name', ({ uid }) => {
    expect(isServedAbstractSyntax(uid)).toBe(true);
  });

  it.each([
    { uid: '1.2.840.10008.1.20.1', name: 'Storage Commitment Push Model' },
    { uid: '1.2.840.10008.1.3.10', name: 'Media Storage Directory Storage' },
    { uid: '1.2.840.10008.5.1.4.1.2.2.1', name: 'Study Root Query/Retrieve - FIND' },
    { uid: '1.2.3', name: 'a private one' },
  ])('is not served: $name', ({ uid }) => {
    expect(isServedAbstractSyntax(uid)).toBe(false);
  });

  it('is one of about two hundred', () => {
    expect(STORAGE_SOP_CLASSES.size).toBeGreaterThan(200);
  });
});
