/** Storage commitment: what is committed, when and where it is reported, and what happens when nobody listens. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { actionRequest } from '../../core/dimse/messages.ts';
import {
  decodeCommitmentResult,
  encodeCommitmentRequest,
} from '../../core/dimse/storage-commitment.ts';
import { CONTEXT_RESULT } from '../../core/upper-layer/pdu.ts';
import {
  StorageCommitment,
  type CommitmentOptions,
} from '../../listener-container/services/commitment/commitment-service.ts';
import type { ReportTarget } from '../../listener-container/services/commitment/report-connection.ts';
import { sendReport } from '../../listener-container/services/commitment/report-sender.ts';
import { referenceVerifier } from '../../listener-container/services/commitment/verify-references.ts';
import { preparePythonTools } from '../../scripts/python-tools.ts';
import { memoryOwedCommitments } from '../support/owed-commitments.ts';
import { freePort } from '../support/free-port.ts';
import { runProgram } from '../support/program.ts';
import { until } from '../support/until.ts';
import { certificateAuthority } from './certificates.ts';
import { RecordingDecisions, RecordingLog, listening } from './listening.ts';
import {
  CT_IMAGE_STORAGE,
  ECHO_CONTEXT,
  IMPLICIT_LITTLE,
  RawPeer,
  STORE_CONTEXT,
  VERIFICATION,
  aStore,
  anAssociateRequest,
  anEcho,
} from './raw-peer.ts';

const COMMITMENT = '1.2.840.10008.1.20.1';
const INSTANCE = '1.2.840.10008.1.20.1.1';
const COMMITMENT_CONTEXT = 5;
const STORED = '1.2.3.4';

const contexts = [
  { id: ECHO_CONTEXT, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT_LITTLE] },
  { id: STORE_CONTEXT, abstractSyntax: CT_IMAGE_STORAGE, transferSyntaxes: [IMPLICIT_LITTLE] },
  { id: COMMITMENT_CONTEXT, abstractSyntax: COMMITMENT, transferSyntaxes: [IMPLICIT_LITTLE] },
];

const OBJECT_KEY = 'instances/00/GANTRY/1/2/1.2.3.4-0.dcm';

/** One stored instance of GANTRY, and a bucket that has its object. */
const committing = async (changes: Partial<CommitmentOptions> = {}) => {
  const log = new RecordingLog();
  const decisions = new RecordingDecisions();
  const bucket = new Set([OBJECT_KEY]);
  const commitment = new StorageCommitment({
    verify: referenceVerifier({
      stored: {
        find: (aeTitle, uid) =>
          Promise.resolve(
            aeTitle === 'GANTRY' && uid === STORED
              ? [{ sopClassUid: CT_IMAGE_STORAGE, objectKey: OBJECT_KEY, sha256: '' }]
              : [],
          ),
      },
      objects: {
        keys: (prefix) => Promise.resolve([...bucket].filter((key) => key.startsWith(prefix))),
      },
      log,
    }),
    owed: memoryOwedCommitments(),
    targetOf: () => Promise.resolve(undefined),
    send: sendReport,
    decisions,
    log,
    pausesMs: [0, 10, 10],
    ...changes,
  });
  return { ...(await listening({ commitment, log })), commitment, decisions, bucket, log };
};

const ask = (peer: RawPeer, sopInstanceUid = STORED, sopClassUid = CT_IMAGE_STORAGE): void => {
  peer.sendCommand(COMMITMENT_CONTEXT, actionRequest(7, COMMITMENT, INSTANCE, 1));
  const request = { transactionUid: '1.9', references: [{ sopClassUid, sopInstanceUid }] };
  peer.sendData(COMMITMENT_CONTEXT, encodeCommitmentRequest(request, 'implicit'), true);
};

const nextReport = async (peer: RawPeer) => {
  const command = await peer.nextCommand();
  const data = await peer.next();
  if (data?.type !== 'fragment') throw new Error('no data set');
  return { command, result: decodeCommitmentResult(data.data, 'implicit') };
};

const answer = (peer: RawPeer, messageId: number | undefined, status = 0): void => {
  peer.sendCommand(COMMITMENT_CONTEXT, {
    AffectedSOPClassUID: COMMITMENT,
    CommandField: 0x8100,
    MessageIDBeingRespondedTo: messageId ?? 0,
    CommandDataSetType: 0x0101,
    Status: status,
  });
};

const noneLeft = (commitment: StorageCommitment) =>
  until('the commitment has ended', 5000, () =>
    Promise.resolve(commitment.pending === 0 || undefined),
  );

describe('a request to commit', () => {
  it('is answered, and then reported on the same association', async () => {
    const { port, commitment, decisions } = await committing();
    const peer = await RawPeer.associated(port, { contexts });

    ask(peer);
    const response = await peer.nextCommand();
    const { command, result } = await nextReport(peer);
    answer(peer, command.MessageID);
    peer.sendCommand(ECHO_CONTEXT, anEcho(8));
    const echoed = await peer.nextCommand();

    expect(response).toMatchObject({
      CommandField: 0x8130,
      MessageIDBeingRespondedTo: 7,
      AffectedSOPClassUID: COMMITMENT,
      AffectedSOPInstanceUID: INSTANCE,
      Status: 0,
    });
    expect(command).toMatchObject({
      CommandField: 0x0100,
      AffectedSOPClassUID: COMMITMENT,
      AffectedSOPInstanceUID: INSTANCE,
      EventTypeID: 1,
    });
    expect(result).toEqual({
      transactionUid: '1.9',
      committed: [{ sopClassUid: CT_IMAGE_STORAGE, sopInstanceUid: STORED }],
      failed: [],
    });
    expect(echoed).toMatchObject({ CommandField: 0x8030, MessageIDBeingRespondedTo: 8 });
    await noneLeft(commitment);
    expect(decisions.decisions).toEqual([]);
  });

  it.each([
    { what: 'nobody has sent', uid: '1.2.3.5', sopClass: CT_IMAGE_STORAGE, reason: 0x0112 },
    { what: 'is of another SOP class', uid: STORED, sopClass: '1.2.840.7', reason: 0x0119 },
  ])('of what $what fails with its reason', async ({ uid, sopClass, reason }) => {
    const { port } = await committing();
    const peer = await RawPeer.associated(port, { contexts });

    ask(peer, uid, sopClass);
    await peer.nextCommand();
    const { command, result } = await nextReport(peer);

    expect(command.EventTypeID).toBe(2);
    expect(result).toMatchObject({ committed: [], failed: [{ sopInstanceUid: uid, reason }] });
  });

  it('fails for an instance whose object is gone', async () => {
    const { port, bucket } = await committing();
    bucket.clear();
    const peer = await RawPeer.associated(port, { contexts });

    ask(peer);
    await peer.nextCommand();

    expect((await nextReport(peer)).result.failed).toMatchObject([{ reason: 0x0112 }]);
  });

  it.each([
    { what: 'another instance', request: actionRequest(1, COMMITMENT, '1.2', 1), status: 0x0112 },
    { what: 'another action', request: actionRequest(1, COMMITMENT, INSTANCE, 2), status: 0x0123 },
    { what: 'rubbish', request: actionRequest(1, COMMITMENT, INSTANCE, 1), status: 0x0115 },
  ])('for $what is refused', async ({ request, status }) => {
    const { port, commitment } = await committing();
    const peer = await RawPeer.associated(port, { contexts });

    peer.sendCommand(COMMITMENT_CONTEXT, request);
    peer.sendData(COMMITMENT_CONTEXT, Buffer.from('rubbish'), true);

    expect(await peer.nextCommand()).toMatchObject({ CommandField: 0x8130, Status: status });
    expect(commitment.pending).toBe(0);
  });

  it('is refused above the bound, after all of it was read', async () => {
    const { port } = await committing();
    const peer = await RawPeer.associated(port, { contexts });

    peer.sendCommand(COMMITMENT_CONTEXT, actionRequest(1, COMMITMENT, INSTANCE, 1));
    for (let sent = 0; sent < 5 * 1024 * 1024; sent += 128 * 1024) {
      peer.sendData(COMMITMENT_CONTEXT, Buffer.alloc(128 * 1024), false);
    }
    peer.sendData(COMMITMENT_CONTEXT, Buffer.alloc(0), true);

    expect(await peer.nextCommand()).toMatchObject({ Status: 0x0213 });
  });

  it('needs a transfer syntax that messages can be read in, and a listener that offers it', async () => {
    const { port } = await committing();
    const { port: without } = await listening();
    const syntaxes = (transferSyntaxes: string[]) => [
      { id: 1, abstractSyntax: COMMITMENT, transferSyntaxes },
    ];
    const results = await Promise.all(
      [
        { to: port, syntax: ['1.2.840.10008.1.2.4.50'] },
        { to: port, syntax: ['1.2.840.10008.1.2.4.50', IMPLICIT_LITTLE] },
        { to: without, syntax: [IMPLICIT_LITTLE] },
      ].map(async ({ to, syntax }) => {
        const peer = await RawPeer.connect(to);
        peer.send(anAssociateRequest({ contexts: syntaxes(syntax) }));
        const accept = await peer.next();
        return accept?.type === 'associate-accept' ? accept.contexts[0] : undefined;
      }),
    );

    expect(results).toMatchObject([
      { result: CONTEXT_RESULT.transferSyntaxesNotSupported },
      { result: CONTEXT_RESULT.acceptance, transferSyntax: IMPLICIT_LITTLE },
      { result: CONTEXT_RESULT.abstractSyntaxNotSupported },
    ]);
  });
});

describe('a report', () => {
  it('waits until a message that is under way was answered', async () => {
    const verified = Promise.withResolvers<undefined>();
    const { port, receiver } = await committing({
      verify: async (_aeTitle, { transactionUid }) => {
        await verified.promise;
        return { transactionUid, committed: [], failed: [] };
      },
    });
    const peer = await RawPeer.associated(port, { contexts });
    ask(peer);
    await peer.nextCommand();

    peer.sendCommand(STORE_CONTEXT, aStore({ MessageID: 9 }));
    peer.sendData(STORE_CONTEXT, Buffer.alloc(100), false);
    await until('the instance is begun', 2000, () =>
      Promise.resolve(receiver.instances[0]?.chunks.length === 1 || undefined),
    );
    verified.resolve(undefined);
    await new Promise(setImmediate);
    peer.sendData(STORE_CONTEXT, Buffer.alloc(100), true);

    expect(await peer.nextCommand()).toMatchObject({
      CommandField: 0x8001,
      MessageIDBeingRespondedTo: 9,
    });
    expect((await nextReport(peer)).command).toMatchObject({ CommandField: 0x0100 });
  });

  it('that nobody can be told of is on record with the remedy', async () => {
    const { port, decisions, commitment } = await committing();
    const peer = await RawPeer.associated(port, { contexts });

    ask(peer);
    await peer.nextCommand();
    peer.socket.destroy();
    await noneLeft(commitment);

    expect(decisions.decisions).toMatchObject([
      { attempt: { callingAeTitle: 'PEER' }, decision: { code: 'commitment-not-reported' } },
    ]);
    expect(decisions.decisions[0]?.decision.message).toContain('port');
  });

  it('is tried a bounded number of times on new associations', async () => {
    let calls = 0;
    const deaf = createServer((socket) => {
      calls += 1;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => deaf.once('listening', resolve));
    const address = deaf.address();
    const deafPort = address === null || typeof address === 'string' ? 0 : address.port;
    const { port, decisions, commitment } = await committing({
      targetOf: () => Promise.resolve({ port: deafPort }),
    });
    const peer = await RawPeer.associated(port, { contexts });

    ask(peer);
    await peer.nextCommand();
    peer.socket.destroy();
    await noneLeft(commitment);
    deaf.close();

    expect(calls).toBe(3);
    expect(decisions.decisions).toHaveLength(1);
  });

  it('that is owed when the listener stops is sent by the next one', async () => {
    const owed = memoryOwedCommitments();
    const { port, decisions, commitment, listener } = await committing({
      owed,
      targetOf: () => Promise.resolve({ port: 1 }),
      pausesMs: [3_600_000],
    });
    const peer = await RawPeer.associated(port, { contexts });
    ask(peer);
    await peer.nextCommand();
    peer.socket.destroy();

    await listener.stop(0);
    await commitment.stop();
    const sent: string[] = [];
    const { commitment: next } = await committing({
      owed,
      targetOf: () => Promise.resolve({ port: 104 }),
      send: ({ host, calledAeTitle }, { committed }) => {
        sent.push([host, calledAeTitle, committed.map((it) => it.sopInstanceUid)].join(' '));
        return Promise.resolve(0);
      },
    });
    await next.takeUp();
    await noneLeft(next);

    expect(decisions.decisions).toEqual([]);
    expect(sent).toEqual([`127.0.0.1 PEER ${STORED}`]);
    expect(await owed.free()).toEqual([]);
  });

  it('that others have tried is tried at once, at least once more, and then given up', async () => {
    const owed = memoryOwedCommitments();
    const request = {
      transactionUid: '1.9',
      references: [{ sopClassUid: CT_IMAGE_STORAGE, sopInstanceUid: STORED }],
    };
    const facts = { associationId: 'a', calledAeTitle: 'GANTRY', callingAeTitle: 'PEER' };
    await owed.keep({ id: 'x', ...facts, remoteAddress: '127.0.0.1', request, attempts: 5 });
    await owed.release('x');
    let calls = 0;
    const { decisions, commitment } = await committing({
      owed,
      targetOf: () => Promise.resolve({ port: 104 }),
      send: () => {
        calls += 1;
        return Promise.reject(new Error('it is off'));
      },
      pausesMs: [0, 0, 0, 0, 0, 3_600_000],
    });

    await commitment.takeUp();
    await noneLeft(commitment);

    expect(calls).toBe(1);
    expect(decisions.decisions).toHaveLength(1);
    expect(await owed.free()).toEqual([]);
  });

  it('is not promised when it could not be kept', async () => {
    const owed = { ...memoryOwedCommitments(), keep: () => Promise.resolve(false) };
    const { port, commitment } = await committing({ owed });
    const peer = await RawPeer.associated(port, { contexts });

    ask(peer);

    expect(await peer.nextCommand()).toMatchObject({ CommandField: 0x8130, Status: 0x0110 });
    expect(commitment.pending).toBe(0);
  });

  it('a response to which was never sent for ends the association', async () => {
    const { port } = await committing();
    const peer = await RawPeer.associated(port, { contexts });

    answer(peer, 1);

    expect(await peer.next()).toMatchObject({ type: 'abort' });
  });
});

const Asked = z.object({
  status: z.int(),
  report: z.object({
    ownTransaction: z.boolean(),
    eventType: z.int(),
    callingAeTitle: z.string(),
    committed: z.array(z.array(z.string())),
    failed: z.array(z.tuple([z.string(), z.int()])),
  }),
});

describe('pynetdicom as SCU', () => {
  const script = `${import.meta.dirname}/commitment_scu.py`;
  const uids = [CT_IMAGE_STORAGE, STORED, CT_IMAGE_STORAGE, '1.2.3.5'];
  const askedOf = async (port: number, where: string, environment = {}) => {
    const tools = await preparePythonTools();
    const { stdout, stderr } = await runProgram(
      tools.program('python'),
      [script, String(port), 'GANTRY', 'SCU', where, ...uids],
      environment,
    );
    expect(stderr).toBe('');
    return Asked.parse(JSON.parse(stdout));
  };
  const report = {
    ownTransaction: true,
    eventType: 2,
    committed: [[CT_IMAGE_STORAGE, STORED]],
    failed: [['1.2.3.5', 0x0112]],
  };

  it('gets its report on the same association', async () => {
    const { port } = await committing();

    expect(await askedOf(port, 'same')).toMatchObject({ status: 0, report });
  });

  /** Released before its report is sent, so that a new association is needed. */
  const onNewAssociation = async (
    environment: Readonly<Record<string, string>>,
    tls?: ReportTarget['tls'],
  ) => {
    const scuPort = await freePort();
    const released = Promise.withResolvers<undefined>();
    const { port, decisions, commitment, listener } = await committing({
      targetOf: () => Promise.resolve({ port: scuPort, tls }),
      pausesMs: [0],
      verify: async (_aeTitle, { transactionUid, references: [first, second] }) => {
        await released.promise;
        if (first === undefined || second === undefined) throw new Error('two references');
        return { transactionUid, committed: [first], failed: [{ ...second, reason: 0x0112 }] };
      },
    });
    const asked = askedOf(port, String(scuPort), environment);
    await until('the request is taken', 10_000, () =>
      Promise.resolve(commitment.pending === 1 || undefined),
    );
    await until('the association is released', 5000, () =>
      Promise.resolve(listener.associations === 0 || undefined),
    );
    released.resolve(undefined);
    await noneLeft(commitment);
    return { asked, decisions: decisions.decisions };
  };
  const reported = { status: 0, report: { ...report, callingAeTitle: 'GANTRY' } };

  it('gets its report on a new association after it has released', async () => {
    const { asked, decisions } = await onNewAssociation({});

    expect(await asked).toMatchObject(reported);
    expect(decisions).toEqual([]);
  });

  it('gets its report by TLS if its certificate is of the site’s CA, or is the one of its source', async () => {
    const authority = await certificateAuthority();
    const [scu, own] = await Promise.all([authority.issue('scu'), authority.issue('own')]);
    const read = (file: string) => readFile(file, 'utf8');
    const pair = { cert: await read(own.certificate), key: await read(own.key) };
    const files = { SCU_CERTIFICATE: scu.certificate, SCU_KEY: scu.key };
    const ca = await read(authority.ca);

    const vouched = await onNewAssociation(files, {
      credentials: { ...pair, ca },
      fingerprints: [],
    });
    const pinned = await onNewAssociation(files, {
      credentials: pair,
      fingerprints: [scu.fingerprint],
    });

    expect(await vouched.asked).toMatchObject(reported);
    expect(await pinned.asked).toMatchObject(reported);
  });
});

describe('a report by TLS', () => {
  it('is not sent to who shows another certificate', async () => {
    const authority = await certificateAuthority();
    const stranger = await (await certificateAuthority()).issue('stranger');
    const ca = await readFile(authority.ca, 'utf8');
    const { fingerprint } = await authority.issue('expected');
    const server = createTlsServer({
      cert: await readFile(stranger.certificate),
      key: await readFile(stranger.key),
    });
    let bytes = 0;
    server.on('secureConnection', (socket) => {
      socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      socket.on('error', () => undefined);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = address === null || typeof address === 'string' ? 0 : address.port;
    const send = (credentials: { ca?: string }, fingerprints: readonly string[]) =>
      sendReport(
        {
          ...{ host: '127.0.0.1', port, calledAeTitle: 'SCU', callingAeTitle: 'GANTRY' },
          tls: { credentials, fingerprints },
        },
        { transactionUid: '1.9', committed: [], failed: [] },
      );

    await expect(send({ ca }, [])).rejects.toThrow('no connection');
    await expect(send({ ca }, [fingerprint])).rejects.toThrow('not one of the certificates');
    await expect(send({}, [])).rejects.toThrow('no connection');
    expect(bytes).toBe(0);
  });
});
