/** An orderly end: who has begun may finish, who comes is turned away for now, and nobody holds it up. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startHealth } from '../../listener-container/health.ts';
import { listening } from './listening.ts';
import { RawPeer, STORE_CONTEXT, aStore, anAssociateRequest } from './raw-peer.ts';

describe('a listener that stops', () => {
  it('lets an association finish its instance, and turns others away meanwhile', async () => {
    const { listener, port, receiver } = await listening();
    const peer = await RawPeer.associated(port);
    peer.sendCommand(STORE_CONTEXT, aStore());
    peer.sendData(STORE_CONTEXT, Buffer.alloc(10), false);

    const stopped = listener.stop(10_000);
    const late = await RawPeer.connect(port);
    late.send(anAssociateRequest());
    const turnedAway = await late.next();
    peer.sendData(STORE_CONTEXT, Buffer.alloc(10), true);
    const response = await peer.nextCommand();
    peer.send({ type: 'release-request' });
    const released = await peer.next();
    peer.socket.end();
    await stopped;

    expect(turnedAway).toEqual({ type: 'associate-reject', result: 2, source: 3, reason: 1 });
    expect(response).toMatchObject({ Status: 0 });
    expect(released).toEqual({ type: 'release-response' });
    expect(receiver.instances[0]?.ended).toBe(true);
    expect(listener.listening).toBe(false);
  });

  it('aborts an association that takes longer than its grace', async () => {
    const { listener, port, receiver } = await listening();
    const peer = await RawPeer.associated(port);
    peer.sendCommand(STORE_CONTEXT, aStore());
    peer.sendData(STORE_CONTEXT, Buffer.alloc(10), false);

    const stopped = listener.stop(50);
    const answer = await peer.next();
    await stopped;

    expect(answer).toEqual({ type: 'abort', source: 0, reason: 0 });
    expect(receiver.instances[0]?.aborted).toBeDefined();
  });

  it('does not wait for a connection without an association', async () => {
    const { listener, port } = await listening();
    const silent = connect(port, '127.0.0.1');
    await once(silent, 'connect');
    const closed = once(silent, 'close');
    const begun = performance.now();

    await listener.stop(60_000);
    await closed;

    expect(performance.now() - begun).toBeLessThan(5000);
  });
});

describe('the health port', () => {
  it('says whether the listener is bound', async () => {
    const { listener } = await listening();
    const health = await startHealth('127.0.0.1', 0, () => listener);
    const url = `http://127.0.0.1:${String(health.port)}`;

    const ready = await fetch(`${url}/healthz`);
    const elsewhere = await fetch(`${url}/`);
    await listener.stop(0);
    const stopped = await fetch(`${url}/healthz`);
    await health.stop();

    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({ status: 'ok', associations: 0 });
    expect(elsewhere.status).toBe(404);
    expect(stopped.status).toBe(503);
  });
});
