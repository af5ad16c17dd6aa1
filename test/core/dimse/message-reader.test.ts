/** Fragments to messages, and the orders of fragments that make none. */
import { describe, expect, it } from 'vitest';
import { encodeCommandSet } from '../../../core/dimse/command-set.ts';
import { MessageFault, MessageReader } from '../../../core/dimse/message-reader.ts';
import { echoRequest, storeRequest } from '../../../core/dimse/messages.ts';

const store = encodeCommandSet(storeRequest(1, '1.2.3', '1.2.3.4'));
const echo = encodeCommandSet(echoRequest(2, '1.2.3'));
const command = (data: Buffer, last: boolean, contextId = 1) => ({
  contextId,
  command: true,
  last,
  data,
});
const data = (length: number, last: boolean, contextId = 1) => ({
  contextId,
  command: false,
  last,
  data: Buffer.alloc(length),
});

describe('the message reader', () => {
  it('puts a command set together and passes on the data set that follows', () => {
    const reader = new MessageReader();

    const beginning = Buffer.from(store.subarray(0, 20));
    const begun = reader.read(command(beginning, false));
    // Its memory is used again before the rest comes.
    beginning.fill(0xdd);

    const parts = [
      begun,
      reader.read(command(store.subarray(20), true)),
      reader.read(data(6, false)),
      reader.read(data(4, true)),
      reader.read(command(echo, true)),
    ];

    expect(parts[0]).toBeUndefined();
    expect(parts.slice(1)).toMatchObject([
      { kind: 'command', contextId: 1, command: { MessageID: 1 } },
      { kind: 'data', last: false },
      { kind: 'data', last: true },
      { kind: 'command', command: { MessageID: 2 } },
    ]);
    expect(reader.idle).toBe(true);
  });

  it.each([
    { what: 'a data set without a command', fragments: [data(2, true)] },
    { what: 'a command within a data set', fragments: [command(store, true), command(echo, true)] },
    { what: 'a data set on another context', fragments: [command(store, true), data(2, true, 3)] },
    {
      what: 'a data set after a command that has none',
      fragments: [command(echo, true), data(2, true)],
    },
    { what: 'an endless command set', fragments: [command(Buffer.alloc(70_000), false)] },
  ])('refuses $what', ({ fragments }) => {
    const reader = new MessageReader();

    expect(() => {
      for (const fragment of fragments) reader.read(fragment);
    }).toThrow(MessageFault);
  });
});
