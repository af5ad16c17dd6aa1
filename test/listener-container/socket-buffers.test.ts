/** The buffers of sockets are collected by what was received: nothing else makes V8 do it in time. */
import { expect, it } from 'vitest';
import { SocketBuffers } from '../../listener-container/association/socket-buffers.ts';

const MEBIBYTE = 1024 * 1024;

it('asks for a minor collection for every two mebibytes that came, however they came', () => {
  const asked: string[] = [];
  const buffers = new SocketBuffers(({ type }) => asked.push(type));
  for (let count = 0; count < 90; count += 1) buffers.received(MEBIBYTE / 10);
  expect(asked).toEqual(['minor', 'minor', 'minor', 'minor']);

  for (let count = 0; count < 3; count += 1) buffers.received(4 * MEBIBYTE);
  expect(asked).toHaveLength(7);
});
