/** Statuses of PS3.7 annex C and PS3.4 table B.2-1, by class and in words. */
import { describe, expect, it } from 'vitest';
import { describeStatus, statusClass } from '../../../core/dimse/status.ts';

describe('a status', () => {
  it.each([
    { status: 0x0000, kind: 'success', text: '0000H success' },
    { status: 0xb000, kind: 'warning', text: 'B000H coercion of data elements' },
    { status: 0xb123, kind: 'warning', text: 'B123H warning' },
    { status: 0xa700, kind: 'failure', text: 'A700H out of resources' },
    { status: 0xa712, kind: 'failure', text: 'A712H out of resources' },
    { status: 0xa9ff, kind: 'failure', text: 'A9FFH data set does not match SOP class' },
    { status: 0xcabc, kind: 'failure', text: 'CABCH cannot understand' },
    { status: 0x0211, kind: 'failure', text: '0211H unrecognized operation' },
    { status: 0xff01, kind: 'pending', text: 'FF01H pending' },
    { status: 0x4242, kind: 'failure', text: '4242H unknown status' },
  ])('$text is a $kind', ({ status, kind, text }) => {
    expect(statusClass(status)).toBe(kind);
    expect(describeStatus(status)).toBe(text);
  });
});
