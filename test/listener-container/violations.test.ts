/** Peers that break PS3.8: what they get, and that an instance in progress is forgotten. */
import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { listening } from './listening.ts';
import {
  ECHO_CONTEXT,
  RawPeer,
  STORE_CONTEXT,
  aStore,
  anAssociateRequest,
  anEcho,
} from './raw-peer.ts';

const BY_USER = { type: 'abort', source: 0, reason: 0 };
const UNEXPECTED_PDU = { type: 'abort', source: 2, reason: 2 };
const INVALID_VALUE = { type: 'abort', source: 2, reason: 6 };
const UNRECOGNIZED_PDU = { type: 'abort', source: 2, reason: 1 };

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('a peer without an association', () => {
  it.each([
    { what: 'garbage', bytes: Buffer.from('GET / HTTP/1.1\r\nHost: gantry\r\n\r\n') },
    { what: 'a P-DATA-TF', bytes: hex('04 00 00000008 00000004 01 03 aabb') },
    { what: 'an A-ASSOCIATE-AC of a wrong length', bytes: hex('02 00 7fffffff') },
    { what: 'an A-RELEASE-RQ', bytes: hex('05 00 00000004 00000000') },
    { what: 'an A-RELEASE-RP', bytes: hex('06 00 00000004 00000000') },
  ])('that sends $what is aborted (AA-1)', async ({ bytes }) => {
    const { port, listener } = await listening();
    const peer = await RawPeer.connect(port);

    peer.socket.write(bytes);

    expect(await peer.next()).toEqual(BY_USER);
    expect(listener.associations).toBe(0);
  });

  it('that sends A-ABORT is hung up on (AA-2)', async () => {
    const { port } = await listening();
    const peer = await RawPeer.connect(port);

    peer.send({ type: 'abort', source: 0, reason: 0 });

    expect(await peer.next()).toBeUndefined();
  });

  it('that says nothing is hung up on when ARTIM expires', async () => {
    const { port } = await listening({ limits: { artimMs: 50, idleMs: 5000 } });
    const peer = await RawPeer.connect(port);

    expect(await peer.next()).toBeUndefined();
  });

  it('that stays after it was aborted is hung up on when ARTIM expires', async () => {
    const { port } = await listening({ limits: { artimMs: 50, idleMs: 5000 } });
    const peer = await RawPeer.connect(port);

    peer.socket.write('garbage');

    expect(await peer.next()).toEqual(BY_USER);
    expect(await peer.next()).toBeUndefined();
  });
});

describe('a peer with an association', () => {
  it.each([
    { what: 'a second A-ASSOCIATE-RQ', pdu: anAssociateRequest() },
    {
      what: 'an A-ASSOCIATE-RJ',
      pdu: { type: 'associate-reject', result: 1, source: 1, reason: 1 },
    },
    { what: 'an A-RELEASE-RP', pdu: { type: 'release-response' } },
  ] as const)('that sends $what is aborted for an unexpected PDU (AA-8)', async ({ pdu }) => {
    const { port } = await listening();
    const peer = await RawPeer.associated(port);

    peer.send(pdu);

    expect(await peer.next()).toEqual(UNEXPECTED_PDU);
  });

  it.each([
    { what: 'an unknown PDU type', bytes: hex('55 00 00000004 00000000'), abort: UNRECOGNIZED_PDU },
    { what: 'a PDU beyond the maximum length', bytes: hex('04 00 00040001'), abort: INVALID_VALUE },
    {
      what: 'data on a context that was not accepted',
      bytes: hex('04 00 00000008 00000004 63 03 aabb'),
      abort: INVALID_VALUE,
    },
  ])('that sends $what is aborted by the provider', async ({ bytes, abort }) => {
    const { port, log } = await listening();
    const peer = await RawPeer.associated(port);

    peer.socket.write(bytes);

    expect(await peer.next()).toEqual(abort);
    expect(log.lines).toHaveLength(1);
  });

  it.each([
    { what: 'a data set without a command', bytes: hex('04 00 00000008 00000004 01 02 aabb') },
    { what: 'a command set that is none', bytes: hex('04 00 00000008 00000004 01 03 aabb') },
    {
      what: 'a response to nothing',
      bytes: hex('04 00 00000010 0000000c 01 03 00000001 02000000 3080'),
    },
  ])('that sends $what is aborted by the user', async ({ bytes }) => {
    const { port } = await listening();
    const peer = await RawPeer.associated(port);

    peer.socket.write(bytes);

    expect(await peer.next()).toEqual(BY_USER);
  });

  it('that begins a command within a data set is aborted, and the instance forgotten', async () => {
    const { port, receiver } = await listening();
    const peer = await RawPeer.associated(port);

    peer.sendCommand(STORE_CONTEXT, aStore());
    peer.sendData(STORE_CONTEXT, Buffer.alloc(100), false);
    peer.sendCommand(STORE_CONTEXT, aStore());

    expect(await peer.next()).toEqual(BY_USER);
    await until('the abort', 2000, () => Promise.resolve(receiver.instances[0]?.aborted));
    expect(receiver.instances[0]?.ended).toBe(false);
  });

  it.each([
    {
      what: 'vanishes',
      leave: (peer: RawPeer) => {
        peer.socket.resetAndDestroy();
      },
    },
    {
      what: 'closes the connection',
      leave: (peer: RawPeer) => {
        peer.socket.end();
      },
    },
    {
      what: 'aborts',
      leave: (peer: RawPeer) => {
        peer.send({ type: 'abort', source: 0, reason: 0 });
      },
    },
    {
      what: 'releases',
      leave: (peer: RawPeer) => {
        peer.send({ type: 'release-request' });
      },
    },
  ])('that $what in mid-instance leaves no instance behind', async ({ leave }) => {
    const { port, receiver, listener } = await listening();
    const peer = await RawPeer.associated(port);
    peer.sendCommand(STORE_CONTEXT, aStore());
    peer.sendData(STORE_CONTEXT, Buffer.alloc(5000), false);
    await until('the first bytes', 2000, () =>
      Promise.resolve(receiver.instances[0]?.chunks.length),
    );

    leave(peer);

    const reason = await until('the abort', 2000, () =>
      Promise.resolve(receiver.instances[0]?.aborted),
    );
    expect(reason).not.toBe('');
    expect(receiver.instances[0]?.ended).toBe(false);
    await until('the end', 2000, () => Promise.resolve(listener.associations === 0 || undefined));
  });

  it('does not disturb another one by its fault', async () => {
    const { port } = await listening();
    const good = await RawPeer.associated(port);
    const bad = await RawPeer.associated(port);

    bad.socket.write('garbage');
    expect(await bad.next()).toEqual(UNRECOGNIZED_PDU);
    good.sendCommand(ECHO_CONTEXT, anEcho());

    expect(await good.nextCommand()).toMatchObject({ Status: 0 });
  });
});
