/** Who waits for whom: a slow store stops the sender, a peer of no use is cut off, and only that. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { openIngestBench } from '../support/ingest-bench.ts';
import { dataSetOf } from '../support/received-instances.ts';
import { until } from '../support/until.ts';
import { listening } from './listening.ts';
import { ECHO_CONTEXT, RawPeer, STORE_CONTEXT, aStore, anEcho } from './raw-peer.ts';
import { RecordingReceiver } from './recording-receiver.ts';

const MEBIBYTE = 1024 * 1024;
const PIECE_BYTES = 128 * 1024;

/** A promise that a test settles. */
const gate = () => {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
};

/** What it has written waits for us. */
const senderStopped = async (peer: RawPeer): Promise<void> => {
  let before = -1;
  await until('the sender to stop', 5000, () => {
    const left = peer.socket.writableLength;
    const stopped = left === before && left > 0;
    before = left;
    return Promise.resolve(stopped || undefined);
  });
};

describe('a slow receiver', () => {
  it('stops the sender instead of filling the memory, and loses nothing', async () => {
    const writing = gate();
    const receiver = new RecordingReceiver({ write: () => writing.opened });
    const { port } = await listening({ receiver });
    const peer = await RawPeer.associated(port);
    const piece = Buffer.alloc(PIECE_BYTES, 7);
    const pieces = (64 * MEBIBYTE) / piece.length;

    peer.sendCommand(STORE_CONTEXT, aStore());
    for (let sent = 1; sent <= pieces; sent += 1) {
      peer.sendData(STORE_CONTEXT, piece, sent === pieces);
    }
    // The kernel takes a few MiB on both sides; the rest has to stay with the sender.
    await senderStopped(peer);
    const waitingAtSender = peer.socket.writableLength;
    writing.open();
    const response = await peer.nextCommand();

    expect(waitingAtSender).toBeGreaterThan(40 * MEBIBYTE);
    expect(response).toMatchObject({ Status: 0 });
    expect(receiver.dataSet('1.2.3.4')?.length).toBe(64 * MEBIBYTE);
  });

  it('is not taken for an idle peer', async () => {
    const ending = gate();
    const receiver = new RecordingReceiver({
      end: async () => {
        await ending.opened;
        return { status: 0 };
      },
    });
    const { port } = await listening({ receiver, limits: { artimMs: 5000, idleMs: 100 } });
    const peer = await RawPeer.associated(port);

    peer.sendCommand(STORE_CONTEXT, aStore());
    peer.sendData(STORE_CONTEXT, Buffer.alloc(10), true);
    setTimeout(ending.open, 400);

    expect(await peer.nextCommand()).toMatchObject({ Status: 0 });
  });
});

describe('a slow object store', () => {
  it('leaves what a sender pushes after the instance with the sender, and loses nothing', async () => {
    const storing = gate();
    const bench = await openIngestBench();
    onTestFinished(() => bench.close());
    let begun = 0;
    const put: typeof bench.keepObject = async (key, body, options) => {
      begun += 1;
      await storing.opened;
      await bench.keepObject(key, body, options);
    };
    const { port } = await listening({ receiver: bench.ingest({ objects: { put } }) });
    const peer = await RawPeer.associated(port);
    const uids = Array.from({ length: 64 }, (_, index) => `1.2.3.4.${index + 1}`);
    const dataSets = uids.map((sopInstanceUid) => dataSetOf({ sopInstanceUid, pixels: MEBIBYTE }));

    for (const [index, data] of dataSets.entries()) {
      peer.sendCommand(STORE_CONTEXT, aStore({ AffectedSOPInstanceUID: uids[index] ?? '' }));
      for (let start = 0; start < data.length; start += PIECE_BYTES) {
        const piece = data.subarray(start, start + PIECE_BYTES);
        peer.sendData(STORE_CONTEXT, piece, start + PIECE_BYTES >= data.length);
      }
    }
    await senderStopped(peer);
    // Of the socket's buffers on both sides and the instance that waits; never of what comes after it.
    const accepted = peer.socket.bytesWritten - peer.socket.writableLength;
    const begunMeanwhile = begun;
    storing.open();
    const statuses: unknown[] = [];
    while (statuses.length < uids.length) statuses.push((await peer.nextCommand()).Status);

    expect(begunMeanwhile).toBe(1);
    expect(accepted).toBeLessThan(24 * MEBIBYTE);
    expect(new Set(statuses)).toEqual(new Set([0]));
    expect(bench.stored.map(({ bytes }, index) => bytes.includes(dataSets[index] ?? '?'))).toEqual(
      uids.map(() => true),
    );
  });
});

describe('a peer that goes away while its instance is stored', () => {
  // A peer that closes in peace may only have closed its half, and is answered.
  it.each([
    { how: 'by a reset has its connection closed before the store has answered', atOnce: true },
    { how: 'in peace has its connection closed when the store has answered', atOnce: false },
  ])('$how', async ({ atOnce }) => {
    const ending = gate();
    const receiver = new RecordingReceiver({
      end: async () => {
        await ending.opened;
        return { status: 0 };
      },
    });
    const { port } = await listening({ receiver });
    const connections = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    const before = connections();
    const peer = await RawPeer.associated(port);
    peer.sendCommand(STORE_CONTEXT, aStore());
    peer.sendData(STORE_CONTEXT, Buffer.alloc(10), true);
    await until('the instance', 2000, () => Promise.resolve(receiver.instances[0]?.chunks.length));

    if (atOnce) peer.socket.resetAndDestroy();
    else {
      peer.socket.destroy();
      ending.open();
    }

    await until('the end of both sides', 2000, () =>
      Promise.resolve(connections() <= before ? true : undefined),
    );
    expect(receiver.instances[0]?.ended).toBe(!atOnce);
    ending.open();
  });
});

describe('an idle peer', () => {
  const limits = { artimMs: 5000, idleMs: 150 };

  it('that says nothing is aborted', async () => {
    const { port } = await listening({ limits });
    const peer = await RawPeer.associated(port);

    expect(await peer.next()).toEqual({ type: 'abort', source: 0, reason: 0 });
  });

  it('that lets bytes trickle is aborted, and its instance forgotten', async () => {
    const { port, receiver } = await listening({ limits });
    const peer = await RawPeer.associated(port);
    peer.sendCommand(STORE_CONTEXT, aStore());
    const trickle = setInterval(() => {
      peer.sendData(STORE_CONTEXT, Buffer.alloc(2), false);
    }, 20);

    const answer = await peer.next();
    clearInterval(trickle);

    expect(answer).toEqual({ type: 'abort', source: 0, reason: 0 });
    await until('the abort', 2000, () => Promise.resolve(receiver.instances[0]?.aborted));
  });

  it('is none that sends whole messages, however small', async () => {
    const { port } = await listening({ limits });
    const peer = await RawPeer.associated(port);
    const begun = performance.now();

    let answered = 0;
    while (performance.now() - begun < 3 * limits.idleMs) {
      peer.sendCommand(ECHO_CONTEXT, anEcho());
      await peer.nextCommand();
      answered += 1;
      await new Promise((resolve) => setTimeout(resolve, limits.idleMs / 4));
    }

    expect(answered).toBeGreaterThan(4);
  });
});
