/** The sender against a real listener: every file ends with a status or a reason. */
import { createServer, type AddressInfo } from 'node:net';
import { mkdirSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AssociationFailed } from '../../../cli/dimse/association-failed.ts';
import { sendEcho } from '../../../cli/dimse/send-echo.ts';
import { sendFiles, type FileResult } from '../../../cli/dimse/send-files.ts';
import { REJECTION } from '../../../core/upper-layer/reject.ts';
import { STORAGE_SOP_CLASSES } from '../../../core/upper-layer/storage-sop-classes.ts';
import { listening } from '../../listener-container/listening.ts';
import { RecordingReceiver } from '../../listener-container/recording-receiver.ts';
import { aPart10File, temporaryFolder, writeInto } from './files.ts';

const to = (port: number, timeoutMs = 5000) => ({
  host: '127.0.0.1',
  port,
  calledAe: 'GANTRY',
  callingAe: 'SENDER',
  timeoutMs,
});

/** A server that does what `greet` does with each connection. */
const serving = async (greet: Parameters<typeof createServer>[1]): Promise<number> => {
  const server = createServer(greet).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
};

describe('sendFiles', () => {
  it('sends a folder, refuses by name what is no DICOM, and reports each as it is done', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'series'));
    writeInto(folder, 'series/1.dcm', aPart10File({ sopInstanceUid: '1.2.1' }));
    writeInto(folder, 'series/2.dcm', aPart10File({ sopInstanceUid: '1.2.2' }));
    writeInto(folder, 'notes.txt', 'not an image');
    const { port, receiver } = await listening();
    const seen: [FileResult['outcome'], number, number][] = [];

    const report = await sendFiles({ ...to(port), paths: [folder] }, (result, done, total) => {
      seen.push([result.outcome, done, total]);
    });

    expect(report).toMatchObject({ stored: 2, failed: 1 });
    expect(report.files[0]).toMatchObject({
      path: join(folder, 'notes.txt'),
      outcome: 'refused',
      message: 'it is not a DICOM file: no DICM after a preamble of 128 bytes',
    });
    expect(seen).toEqual([
      ['refused', 1, 3],
      ['stored', 2, 3],
      ['stored', 3, 3],
    ]);
    expect(receiver.instances.map(({ context }) => context.sopInstanceUid)).toEqual([
      '1.2.1',
      '1.2.2',
    ]);
    expect(receiver.dataSet('1.2.1')).toEqual(Buffer.alloc(100, 5));
  });

  it('sends a large instance in pieces that the peer takes', async () => {
    const dataSet = Buffer.alloc(3_000_000, 'DICOM');
    const path = writeInto(temporaryFolder(), 'large.dcm', aPart10File({ dataSet }));
    const { port, receiver } = await listening();

    await sendFiles({ ...to(port), paths: [path] });

    expect(receiver.dataSet('1.2.3.4')?.equals(dataSet)).toBe(true);
  });

  it('takes a second association when one has no room for all kinds of files', async () => {
    const folder = temporaryFolder();
    const classes = [...STORAGE_SOP_CLASSES.keys()].slice(0, 150);
    classes.forEach((sopClassUid, index) => {
      const sopInstanceUid = `1.2.${String(index + 1)}`;
      writeInto(folder, `${String(index)}.dcm`, aPart10File({ sopClassUid, sopInstanceUid }));
    });
    const { port, receiver } = await listening();

    const report = await sendFiles({ ...to(port), paths: [folder] });

    expect(report).toMatchObject({ stored: 150, failed: 0 });
    expect(new Set(receiver.instances.map(({ context }) => context.associationId)).size).toBe(2);
  });

  it('shows the status and the comment of what the peer refuses, and goes on', async () => {
    const receiver = new RecordingReceiver({
      end: ({ context }) =>
        Promise.resolve(
          context.sopInstanceUid === '1.2.1'
            ? { status: 0xa700, errorComment: 'The spool is full' }
            : { status: 0xb000 },
        ),
    });
    const folder = temporaryFolder();
    writeInto(folder, '1.dcm', aPart10File({ sopInstanceUid: '1.2.1' }));
    writeInto(folder, '2.dcm', aPart10File({ sopInstanceUid: '1.2.2' }));
    const { port } = await listening({ receiver });

    const report = await sendFiles({ ...to(port), paths: [folder] });

    expect(report).toMatchObject({
      stored: 1,
      failed: 1,
      files: [
        { outcome: 'failed', status: 0xa700, message: 'A700H out of resources: The spool is full' },
        { outcome: 'warning', status: 0xb000 },
      ],
    });
  });

  it('says which SOP class the peer does not take', async () => {
    const path = writeInto(temporaryFolder(), 'p.dcm', aPart10File({ sopClassUid: '1.2.3' }));
    const { port } = await listening();

    const report = await sendFiles({ ...to(port), paths: [path] });

    expect(report.files).toMatchObject([
      { outcome: 'not-accepted', message: expect.stringContaining('SOP class 1.2.3') as string },
    ]);
  });

  it('tells of every file that was not sent because the association ended', async () => {
    const folder = temporaryFolder();
    for (const name of ['1', '2', '3']) {
      writeInto(folder, `${name}.dcm`, aPart10File({ sopInstanceUid: `1.2.${name}` }));
    }
    // The second instance is on its way into the store when the listener has to go.
    const going: Promise<void>[] = [];
    const receiver = new RecordingReceiver({
      end: async ({ context }) => {
        if (context.sopInstanceUid !== '1.2.1') going.push(listener.stop(0));
        await Promise.all(going);
        return { status: 0x0000 };
      },
    });
    const { listener, port } = await listening({ receiver });

    const report = await sendFiles({ ...to(port), paths: [folder] });

    expect(report).toMatchObject({ stored: 1, failed: 2 });
    expect(report.files.slice(1).map(({ outcome }) => outcome)).toEqual(['lost', 'lost']);
  });
});

describe('an association that does not come about', () => {
  it('is explained: nobody listens', async () => {
    const port = await serving(() => undefined);
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port: freePort } = free.address() as AddressInfo;
    free.close();
    await once(free, 'close');

    expect(freePort).not.toBe(port);
    await expect(sendEcho(to(freePort))).rejects.toThrow(/nobody answers at .* \(ECONNREFUSED\)/);
  });

  it('is explained: rejected', async () => {
    const { port } = await listening({
      policy: {
        decide: () =>
          Promise.resolve({
            refusal: {
              rejection: REJECTION.calledAeTitleNotRecognized,
              code: 'association-rejected',
              message: '',
            },
          }),
      },
    });

    await expect(sendEcho(to(port))).rejects.toThrow(
      'rejected permanently: called AE title not recognized',
    );
  });

  it('is explained: no DICOM there', async () => {
    const port = await serving((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });

    await expect(sendEcho(to(port))).rejects.toThrow('does not speak DICOM');
  });

  it('is explained: no answer in time', async () => {
    const port = await serving((socket) => {
      socket.on('error', () => undefined);
      onTestFinished(() => {
        socket.destroy();
      });
    });

    const failure = await sendEcho(to(port, 100)).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(AssociationFailed);
    expect(failure).toMatchObject({ end: 'timed-out' });
  });
});
