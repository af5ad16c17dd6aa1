/** Peers that misbehave in numbers, beside one that does not: nothing of them stays, and nobody waits for them. */
import { once } from 'node:events';
import { readdir, readlink } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeCommandSet } from '../../core/dimse/command-set.ts';
import { encodePdu } from '../../core/upper-layer/pdu-codec.ts';
import { openIngestBench, type IngestBench } from '../support/ingest-bench.ts';
import { until } from '../support/until.ts';
import { listening } from './listening.ts';
import {
  CT_IMAGE_STORAGE,
  ECHO_CONTEXT,
  EXPLICIT_LITTLE,
  RawPeer,
  STORE_CONTEXT,
  aStore,
  anAssociateRequest,
  anEcho,
} from './raw-peer.ts';
import { dataSetOf } from '../support/received-instances.ts';

const MANY = 200;

/** Of 14 bytes, with their PDU: less than what is read at once. */
const MANY_VALUES = 4000;

let bench: IngestBench;
beforeEach(async () => {
  bench = await openIngestBench();
});
afterEach(() => bench.close());

/** With a real ingest, whose spool files begin at 64 KiB. */
const receiving = (limits = { artimMs: 30_000, idleMs: 30_000 }) =>
  listening({
    receiver: bench.ingest({ limits: { memoryPerInstanceBytes: 64 * 1024 } }),
    maximumAssociations: MANY + 8,
    limits,
  });

/** What this process has open of sockets and of spool files, by kind. */
const openDescriptors = async (): Promise<{ sockets: number; files: number }> => {
  const names = await readdir('/proc/self/fd');
  const targets = await Promise.all(
    names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')),
  );
  return {
    sockets: targets.filter((target) => target.startsWith('socket:')).length,
    files: targets.filter((target) => target.startsWith(bench.spoolDirectory)).length,
  };
};

const explicit = {
  contexts: [
    { id: ECHO_CONTEXT, abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: [EXPLICIT_LITTLE] },
    { id: STORE_CONTEXT, abstractSyntax: CT_IMAGE_STORAGE, transferSyntaxes: [EXPLICIT_LITTLE] },
  ],
};

const store = async (peer: RawPeer, sopInstanceUid: string): Promise<number | undefined> => {
  peer.sendCommand(STORE_CONTEXT, aStore({ AffectedSOPInstanceUID: sopInstanceUid }));
  peer.sendData(STORE_CONTEXT, dataSetOf({ sopInstanceUid }), true);
  return (await peer.nextCommand()).Status;
};

describe('two hundred peers that vanish in mid-instance', () => {
  it('leave no descriptor, no spool file, no object and no association behind', async () => {
    const { port, listener } = await receiving();
    const before = await openDescriptors();
    const peers = await Promise.all(
      Array.from({ length: MANY }, () => RawPeer.associated(port, explicit)),
    );
    for (const peer of peers) {
      peer.sendCommand(STORE_CONTEXT, aStore());
      peer.sendData(STORE_CONTEXT, Buffer.alloc(100 * 1024), false);
    }
    await until('all of them have a spool file', 20_000, async () =>
      (await readdir(bench.spoolDirectory)).length === MANY ? true : undefined,
    );
    expect((await openDescriptors()).files).toBe(MANY);

    for (const [index, peer] of peers.entries()) {
      if (index % 2 === 0) peer.socket.resetAndDestroy();
      else peer.socket.destroy();
    }

    await until('nothing of them is left', 20_000, async () => {
      const left = await openDescriptors();
      const spooled = await readdir(bench.spoolDirectory);
      const isClean = left.files === 0 && left.sockets === before.sockets && spooled.length === 0;
      return isClean && listener.associations === 0 ? true : undefined;
    });
    expect(bench.stored).toEqual([]);
    const good = await RawPeer.associated(port, explicit);
    expect(await store(good, '1.2.3.4')).toBe(0);
  }, 60_000);
});

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** A C-STORE request that announces a data set, as one P-DATA-TF. */
const command = encodeCommandSet(aStore());
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const misdeeds: readonly { what: string; bytes: readonly Buffer[] }[] = [
  { what: 'a P-DATA-TF of 4 GiB', bytes: [hex('04 00 ffffffff')] },
  { what: 'an A-ASSOCIATE-RQ of 4 GiB', bytes: [hex('01 00 ffffffff')] },
  { what: 'a value of 4 GiB', bytes: [hex('04 00 0000000a ffffffff 0303 00000000')] },
  {
    what: 'a value that is longer than its PDU',
    bytes: [hex('04 00 00000008 00000010 0303 0000')],
  },
  { what: 'a PDU that ends in a value’s header', bytes: [hex('04 00 00000003 000000')] },
  { what: 'an unknown type', bytes: [hex('09 00 00000004 00000000')] },
  {
    what: 'HTTP',
    bytes: [Buffer.from('POST /instances HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n')],
  },
  { what: 'TLS', bytes: [hex('16 03 01 0200 01 0001fc 0303')] },
  {
    what: 'a command set that never ends',
    bytes: [hex('04 00'), u32(command.length + 6), u32(command.length + 2), hex('03 01'), command],
  },
];

describe('peers that keep their connections', () => {
  // 8 associations, and 64 connections that are none yet.
  const PLACES = 72;

  it('and never send a byte give way to who has something to say', async () => {
    const { port, log } = await listening({ limits: { artimMs: 60_000, idleMs: 60_000 } });
    const open = await RawPeer.associated(port);
    const silent = await Promise.all(
      Array.from({ length: PLACES - 1 }, () => RawPeer.connect(port)),
    );
    const closed = Promise.race(silent.map((peer) => peer.next()));
    // Nobody gives way within the first second.
    await until('there is room for another', 10_000, async () => {
      const next = await RawPeer.connect(port);
      next.socket.end();
      await next.next();
      return log.lines.includes('a connection that never sent anything gave way to another')
        ? true
        : undefined;
    });
    expect(await closed).toBeUndefined();

    const other = await RawPeer.associated(port);

    for (const peer of [open, other]) {
      peer.sendCommand(ECHO_CONTEXT, anEcho());
      expect(await peer.nextCommand()).toMatchObject({ Status: 0 });
    }
  });

  it('and have sent something keep others out, however long ago, which is on record', async () => {
    const { port, refusals } = await listening();
    const silent = await RawPeer.connect(port);
    const talkers: RawPeer[] = [];
    for (let index = 1; index < PLACES; index += 1) {
      const peer = await RawPeer.connect(port);
      peer.send(anAssociateRequest());
      await peer.next();
      talkers.push(peer);
    }
    // Who has never said anything gives way after a second, and then all that were there before it have been silent as long.
    const gone = silent.next();
    const last = await until('the silent one gives way', 10_000, async () => {
      const next = await RawPeer.connect(port);
      next.send(anAssociateRequest());
      return (await next.next()) === undefined ? undefined : next;
    });
    expect(await gone).toBeUndefined();
    refusals.refusals.length = 0;

    const late = await RawPeer.connect(port);

    expect(await late.next()).toBeUndefined();
    expect(refusals.refusals).toMatchObject([
      { attempt: { remoteAddress: '127.0.0.1' }, refusal: { code: 'connection-refused' } },
    ]);
    expect(refusals.refusals[0]?.refusal.message).toContain(`the port has ${PLACES} connections`);
    expect([...talkers, last].filter((peer) => peer.socket.closed)).toEqual([]);
  });
});

describe('a peer that misbehaves', () => {
  it.each(misdeeds)('with $what keeps nobody from being answered', async ({ bytes }) => {
    const { port, listener } = await receiving({ artimMs: 1000, idleMs: 1000 });
    const bad = await RawPeer.associated(port, explicit);
    const stranger = await RawPeer.connect(port);
    const good = await RawPeer.associated(port, explicit);

    for (const peer of [bad, stranger]) peer.socket.write(Buffer.concat(bytes));
    // Answered while the others are being dealt with, or still there.
    good.sendCommand(ECHO_CONTEXT, anEcho());
    expect(await good.nextCommand()).toMatchObject({ Status: 0 });
    expect(await store(good, '1.2.3.4')).toBe(0);

    for (const peer of [bad, stranger]) {
      let last = await peer.next();
      for (let next = last; next !== undefined; next = await peer.next()) last = next;
      expect(last === undefined || last.type === 'abort').toBe(true);
    }
    good.socket.destroy();
    await until('everybody has left', 5000, () =>
      Promise.resolve(listener.associations === 0 || undefined),
    );
    expect(await readdir(bench.spoolDirectory)).toEqual([]);
  });

  it('by sending thousands of values of two bytes lets others go first', async () => {
    const { port, receiver } = await listening();
    const bad = await RawPeer.associated(port);
    const good = await RawPeer.associated(port);
    bad.sendCommand(STORE_CONTEXT, aStore());
    await until('the instance', 5000, () => Promise.resolve(receiver.instances[0]));
    const value = encodePdu({
      type: 'data-transfer',
      values: [{ contextId: STORE_CONTEXT, command: false, last: false, data: Buffer.alloc(2) }],
    });

    bad.socket.write(Buffer.concat(Array.from({ length: MANY_VALUES }, () => value)));
    good.sendCommand(ECHO_CONTEXT, anEcho());
    await good.nextCommand();
    const taken = receiver.instances[0]?.chunks.length;

    expect(taken).toBeLessThan(MANY_VALUES);
    await until('all values', 5000, () =>
      Promise.resolve(receiver.instances[0]?.chunks.length === MANY_VALUES || undefined),
    );
  });

  it('by closing its half after a whole request still gets the answer', async () => {
    const { port, listener } = await receiving();
    const peer = await RawPeer.associated(port, explicit);

    peer.sendCommand(ECHO_CONTEXT, anEcho());
    peer.socket.end();

    expect(await peer.nextCommand()).toMatchObject({ Status: 0 });
    await until('it has left', 5000, () =>
      Promise.resolve(listener.associations === 0 || undefined),
    );
  });

  it('by closing its half while its instance is stored still gets the answer, and nothing is left behind', async () => {
    const stored = Promise.withResolvers<undefined>();
    const { port, listener } = await listening({
      receiver: bench.ingest({
        limits: { memoryPerInstanceBytes: 1024 },
        objects: { put: () => stored.promise },
      }),
    });
    const other = await RawPeer.associated(port, explicit);
    const peer = await RawPeer.associated(port, explicit);

    const answer = store(peer, '1.2.3.4');
    const ended = once(peer.socket, 'finish');
    peer.socket.end();
    await ended;
    // When this is answered, the listener has read the end of the other connection.
    other.sendCommand(ECHO_CONTEXT, anEcho());
    await other.nextCommand();
    stored.resolve(undefined);

    expect(await answer).toBe(0);
    expect(await peer.next()).toBeUndefined();
    await until('it has left', 5000, () =>
      Promise.resolve(listener.associations === 1 || undefined),
    );
    expect(await readdir(bench.spoolDirectory)).toEqual([]);
  });

  it('only in form is answered: empty values, two values in a PDU, a command in single bytes', async () => {
    const { port } = await receiving();
    const peer = await RawPeer.associated(port, explicit);
    const dataSet = dataSetOf({ sopInstanceUid: '1.2.3.4' });
    const value = (isCommand: boolean, data: Buffer, last: boolean) => ({
      ...{ contextId: STORE_CONTEXT, command: isCommand, data, last },
    });

    for (const [index, byte] of command.entries()) {
      const last = index === command.length - 1;
      peer.send({ type: 'data-transfer', values: [value(true, Buffer.of(byte), last)] });
    }
    const half = dataSet.length >> 1;
    peer.send(
      { type: 'data-transfer', values: [value(false, Buffer.alloc(0), false)] },
      {
        type: 'data-transfer',
        values: [
          value(false, dataSet.subarray(0, half), false),
          value(false, dataSet.subarray(half), false),
        ],
      },
      { type: 'data-transfer', values: [value(false, Buffer.alloc(0), true)] },
    );

    expect(await peer.nextCommand()).toMatchObject({ Status: 0 });
    expect(bench.stored).toHaveLength(1);
    expect(bench.stored[0]?.bytes.subarray(-dataSet.length).equals(dataSet)).toBe(true);
  });

  it('by sending its stores without waiting gets all answers, in order', async () => {
    const { port } = await receiving();
    const peer = await RawPeer.associated(port, explicit);
    const uids = Array.from({ length: 20 }, (_, index) => `1.2.3.${index + 1}`);

    for (const [index, uid] of uids.entries()) {
      peer.sendCommand(
        STORE_CONTEXT,
        aStore({ MessageID: index + 1, AffectedSOPInstanceUID: uid }),
      );
      peer.sendData(STORE_CONTEXT, dataSetOf({ sopInstanceUid: uid }), true);
    }

    const answers = [];
    while (answers.length < uids.length) answers.push(await peer.nextCommand());
    expect(
      answers.map(({ MessageIDBeingRespondedTo, Status }) => [MessageIDBeingRespondedTo, Status]),
    ).toEqual(uids.map((_, index) => [index + 1, 0]));
  });
});
