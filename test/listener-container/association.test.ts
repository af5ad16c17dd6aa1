/** Associations in order: negotiation, services, sequence, release. */
import { describe, expect, it } from 'vitest';
import { encodePdu } from '../../core/upper-layer/pdu-codec.ts';
import { encodeCommandSet } from '../../core/dimse/command-set.ts';
import { listening } from './listening.ts';
import {
  CT_IMAGE_STORAGE,
  ECHO_CONTEXT,
  EXPLICIT_LITTLE,
  IMPLICIT_LITTLE,
  RawPeer,
  STORE_CONTEXT,
  VERIFICATION,
  aStore,
  anAssociateRequest,
  anEcho,
} from './raw-peer.ts';
import { RecordingReceiver } from './recording-receiver.ts';

describe('negotiation', () => {
  it('accepts the first transfer syntax of every storage SOP class and refuses other services', async () => {
    const { port } = await listening();
    const peer = await RawPeer.connect(port);
    const private1 = '1.2.826.0.1.3680043.2.1';
    const findWorklist = '1.2.840.10008.5.1.4.31';

    peer.send(
      anAssociateRequest({
        contexts: [
          { id: 1, abstractSyntax: VERIFICATION, transferSyntaxes: [EXPLICIT_LITTLE] },
          {
            id: 3,
            abstractSyntax: CT_IMAGE_STORAGE,
            transferSyntaxes: [private1, IMPLICIT_LITTLE],
          },
          { id: 7, abstractSyntax: findWorklist, transferSyntaxes: [IMPLICIT_LITTLE] },
        ],
      }),
    );
    const answer = await peer.next();

    expect(answer).toMatchObject({
      type: 'associate-accept',
      calledAeTitle: 'GANTRY',
      callingAeTitle: 'PEER',
      contexts: [
        { id: 1, result: 0, transferSyntax: EXPLICIT_LITTLE },
        { id: 3, result: 0, transferSyntax: private1 },
        { id: 7, result: 3 },
      ],
      userInformation: { maximumLength: 256 * 1024 },
    });
  });

  it('takes on one operation at a time, and never the role of an SCU', async () => {
    const { port } = await listening();
    const peer = await RawPeer.connect(port);
    const request = anAssociateRequest();

    peer.send({
      ...request,
      userInformation: {
        ...request.userInformation,
        asynchronousOperations: { invoked: 0, performed: 0 },
        roles: [{ sopClassUid: CT_IMAGE_STORAGE, scu: true, scp: true }],
      },
    });
    const answer = await peer.next();

    expect(answer).toMatchObject({
      userInformation: {
        asynchronousOperations: { invoked: 1, performed: 1 },
        roles: [{ sopClassUid: CT_IMAGE_STORAGE, scu: true, scp: false }],
      },
    });
  });

  it.each([
    {
      what: 'another protocol version',
      changes: { protocolVersion: 2 },
      rejection: { result: 1, source: 2, reason: 2 },
    },
    {
      what: 'another application context',
      changes: { applicationContext: '1.2.3' },
      rejection: { result: 1, source: 1, reason: 2 },
    },
  ])('rejects $what, on record', async ({ changes, rejection }) => {
    const { port, refusals } = await listening();
    const peer = await RawPeer.connect(port);

    peer.send(anAssociateRequest(changes));

    expect(await peer.next()).toEqual({ type: 'associate-reject', ...rejection });
    expect(refusals.refusals).toHaveLength(1);
    expect(refusals.refusals[0]?.refusal.message).toContain('no setting changes this');
  });
});

describe('an association', () => {
  it('answers C-ECHO, and a release with A-RELEASE-RP', async () => {
    const { port } = await listening();
    const peer = await RawPeer.associated(port);

    peer.sendCommand(ECHO_CONTEXT, anEcho(7));
    const response = await peer.nextCommand();
    peer.send({ type: 'release-request' });
    const released = await peer.next();

    expect(response).toEqual({
      AffectedSOPClassUID: VERIFICATION,
      CommandField: 0x8030,
      MessageIDBeingRespondedTo: 7,
      CommandDataSetType: 0x0101,
      Status: 0,
    });
    expect(released).toEqual({ type: 'release-response' });
  });

  it('hands over an instance with what is known of it, in the bytes that came', async () => {
    const { port, receiver } = await listening();
    const peer = await RawPeer.associated(port);
    const data = Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 251));

    peer.sendCommand(STORE_CONTEXT, aStore({ MessageID: 9 }));
    peer.sendData(STORE_CONTEXT, data.subarray(0, 1000), false);
    peer.sendData(STORE_CONTEXT, data.subarray(1000), true);
    const response = await peer.nextCommand();

    expect(response).toMatchObject({
      CommandField: 0x8001,
      MessageIDBeingRespondedTo: 9,
      AffectedSOPInstanceUID: '1.2.3.4',
      Status: 0,
    });
    expect(receiver.dataSet('1.2.3.4')).toEqual(data);
    expect(receiver.instances[0]?.context).toMatchObject({
      calledAeTitle: 'GANTRY',
      callingAeTitle: 'PEER',
      remoteAddress: '127.0.0.1',
      sopClassUid: CT_IMAGE_STORAGE,
      transferSyntaxUid: EXPLICIT_LITTLE,
    });
  });

  it('answers in order what a peer sends without waiting, in whatever pieces it arrives', async () => {
    const { port } = await listening();
    const peer = await RawPeer.associated(port);
    const stream = Buffer.concat(
      [1, 2, 3].flatMap((messageId) => [
        encodePdu({
          type: 'data-transfer',
          values: [
            {
              contextId: STORE_CONTEXT,
              command: true,
              last: true,
              data: encodeCommandSet(aStore({ MessageID: messageId })),
            },
            { contextId: STORE_CONTEXT, command: false, last: true, data: Buffer.alloc(50) },
          ],
        }),
      ]),
    );

    for (let start = 0; start < stream.length; start += 37) {
      peer.socket.write(stream.subarray(start, start + 37));
    }
    const answered = [await peer.nextCommand(), await peer.nextCommand(), await peer.nextCommand()];

    expect(answered.map((command) => command.MessageIDBeingRespondedTo)).toEqual([1, 2, 3]);
  });

  it('cuts its answers to the peer’s maximum length', async () => {
    const { port } = await listening();
    const request = anAssociateRequest();
    const peer = await RawPeer.associated(port, {
      userInformation: { ...request.userInformation, maximumLength: 32 },
    });

    peer.sendCommand(ECHO_CONTEXT, anEcho());
    const lengths: number[] = [];
    for (let last = false; !last;) {
      const fragment = await peer.next();
      if (fragment?.type !== 'fragment') break;
      lengths.push(fragment.data.length);
      last = fragment.last;
    }

    // 32 less the header of the one value in each PDU; the response has 78 bytes.
    expect(lengths).toEqual([26, 26, 26]);
  });

  it.each([
    {
      what: 'an unrecognised command',
      command: aStore({ CommandField: 0x0130, AffectedSOPInstanceUID: '1.2' }),
      answer: { CommandField: 0x8130, Status: 0x0211 },
    },
    {
      what: 'an instance of another SOP class than the context’s',
      command: aStore({ AffectedSOPClassUID: '1.2.840.10008.5.1.4.1.1.4' }),
      answer: { Status: 0x0122 },
    },
    {
      what: 'an instance UID that is none',
      command: aStore({ AffectedSOPInstanceUID: '../../etc' }),
      answer: { Status: 0x0117 },
    },
  ])('refuses $what after its data set, and goes on', async ({ command, answer }) => {
    const { port, receiver } = await listening();
    const peer = await RawPeer.associated(port);

    peer.sendCommand(STORE_CONTEXT, command);
    peer.sendData(STORE_CONTEXT, Buffer.alloc(10), true);
    const refused = await peer.nextCommand();
    peer.sendCommand(ECHO_CONTEXT, anEcho());
    const echoed = await peer.nextCommand();

    expect(refused).toMatchObject(answer);
    expect(echoed).toMatchObject({ Status: 0 });
    expect(receiver.instances).toHaveLength(0);
  });

  it('gives the sender the status and comment of the receiver', async () => {
    const receiver = new RecordingReceiver({
      end: () => Promise.resolve({ status: 0xa700, errorComment: 'The spool is full' }),
    });
    const { port } = await listening({ receiver });
    const peer = await RawPeer.associated(port);

    peer.sendCommand(STORE_CONTEXT, aStore());
    peer.sendData(STORE_CONTEXT, Buffer.alloc(10), true);

    expect(await peer.nextCommand()).toMatchObject({
      Status: 0xa700,
      ErrorComment: 'The spool is full',
    });
  });

  it('answers 0110H, without details, when the receiver breaks', async () => {
    const receiver = new RecordingReceiver({
      end: () => Promise.reject(new Error('secret of patient X')),
    });
    const { port, log } = await listening({ receiver });
    const peer = await RawPeer.associated(port);

    peer.sendCommand(STORE_CONTEXT, aStore());
    peer.sendData(STORE_CONTEXT, Buffer.alloc(10), true);
    const response = await peer.nextCommand();

    expect(response).toMatchObject({ Status: 0x0110 });
    expect(response.ErrorComment).not.toContain('patient');
    expect(log.lines.join()).not.toContain('patient');
  });

  it('answers A700H when a write is refused, and forgets that instance only', async () => {
    let refuse = true;
    const receiver = new RecordingReceiver({
      write: () => (refuse ? Promise.reject(new Error('disk full')) : Promise.resolve()),
    });
    const { port } = await listening({ receiver });
    const peer = await RawPeer.associated(port);

    peer.sendCommand(STORE_CONTEXT, aStore({ MessageID: 1 }));
    peer.sendData(STORE_CONTEXT, Buffer.alloc(10), false);
    peer.sendData(STORE_CONTEXT, Buffer.alloc(10), true);
    const first = await peer.nextCommand();
    refuse = false;
    peer.sendCommand(STORE_CONTEXT, aStore({ MessageID: 2 }));
    peer.sendData(STORE_CONTEXT, Buffer.alloc(10), true);
    const second = await peer.nextCommand();

    expect(first).toMatchObject({ MessageIDBeingRespondedTo: 1, Status: 0xa700 });
    expect(second).toMatchObject({ MessageIDBeingRespondedTo: 2, Status: 0 });
    expect(receiver.instances.map(({ aborted }) => aborted !== undefined)).toEqual([true, false]);
  });
});
