/**
 * Sends a load as fast as a receiver takes it: messages from memory, one after the other on each association,
 * each when the response to the one before is there. Bytes go out as they were made; nothing is encoded meanwhile.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { IMPLEMENTATION_CLASS_UID } from '../../core/dicom/uid.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../../core/dicom/transfer-syntaxes.ts';
import { MessageReader } from '../../core/dimse/message-reader.ts';
import { STATUS } from '../../core/dimse/status.ts';
import { OWN_MAXIMUM_LENGTH } from '../../core/upper-layer/fragmentation.ts';
import { encodePdu } from '../../core/upper-layer/pdu-codec.ts';
import { PduDecoder, type Incoming } from '../../core/upper-layer/pdu-decoder.ts';
import { DICOM_APPLICATION_CONTEXT, PROTOCOL_VERSION } from '../../core/upper-layer/pdu.ts';
import { CT_IMAGE } from '../../test/support/received-instances.ts';
import { newUid } from '../instances.ts';
import { StoreMessage, type Load } from './load.ts';

const CONTEXT_ID = 1;

/** The most that DCMTK's programs can take or send: every receiver gets PDUs of this length that says so much. */
export const PDU_LENGTH = 131_072;

/** The receiver did not do what was asked of it; nothing is measured then. */
export class LoadRefused extends Error {
  override readonly name = 'LoadRefused';
}

export interface LoadTarget {
  readonly host: string;
  readonly port: number;
  readonly calledAeTitle: string;
}

class SendingAssociation {
  readonly #socket: Socket;
  readonly #decoder = new PduDecoder(OWN_MAXIMUM_LENGTH);
  readonly #reader = new MessageReader();
  readonly #incoming: Incoming[] = [];
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#incoming.push(...this.#decoder.push(chunk));
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Returns the maximum length that the receiver told, 0 being any, within what is used here. */
  async open(calledAeTitle: string): Promise<number> {
    await once(this.#socket, 'connect');
    this.#socket.write(
      encodePdu({
        type: 'associate-request',
        protocolVersion: PROTOCOL_VERSION,
        calledAeTitle,
        callingAeTitle: 'BENCH',
        applicationContext: DICOM_APPLICATION_CONTEXT,
        contexts: [
          {
            id: CONTEXT_ID,
            abstractSyntax: CT_IMAGE,
            transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN],
          },
        ],
        userInformation: {
          maximumLength: PDU_LENGTH,
          implementationClassUid: IMPLEMENTATION_CLASS_UID,
          roles: [],
          extended: [],
          commonExtended: [],
        },
      }),
    );
    const answer = await this.#next();
    if (answer.type !== 'associate-accept' || answer.contexts[0]?.result !== 0) {
      throw new LoadRefused(`the association was answered with ${answer.type}`);
    }
    return Math.min(answer.userInformation.maximumLength || PDU_LENGTH, PDU_LENGTH);
  }

  async store(message: StoreMessage): Promise<void> {
    message.next();
    // Parts are memory that is there anyway: what waits in the socket costs nothing.
    this.#socket.cork();
    for (const part of message.parts) this.#socket.write(part);
    this.#socket.uncork();
    for (;;) {
      const fragment = await this.#next();
      if (fragment.type !== 'fragment') throw new LoadRefused(`no response but ${fragment.type}`);
      const part = this.#reader.read(fragment);
      if (part?.kind !== 'command') continue;
      if (part.command.Status === STATUS.success) return;
      throw new LoadRefused(
        `an instance was answered with ${String(part.command.Status)} ${part.command.ErrorComment ?? ''}`,
      );
    }
  }

  async release(): Promise<void> {
    this.#socket.write(encodePdu({ type: 'release-request' }));
    await this.#next();
    this.#socket.destroy();
  }

  async #next(): Promise<Incoming> {
    for (;;) {
      const next = this.#incoming.shift();
      if (next !== undefined) return next;
      if (this.#ended) throw new LoadRefused('the receiver closed the connection');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

export interface SentLoad {
  readonly studyInstanceUid: string;
  /** From the first byte of the first instance to the last response; associations are open before. */
  readonly seconds: number;
  /** Of all data sets. */
  readonly bytes: number;
  /** Of each instance, from its first byte to its response, in milliseconds. */
  readonly latencies: readonly number[];
}

/** Throws LoadRefused. `sent` is called when the last response is there, before any association is released. */
export const sendLoad = async (
  target: LoadTarget,
  { pixelBytes, instances }: Load,
  associations: number,
  sent: () => void = () => undefined,
): Promise<SentLoad> => {
  const studyInstanceUid = newUid();
  const ready = await Promise.all(
    Array.from({ length: associations }, async (_, index) => {
      const { host, port, calledAeTitle } = target;
      const association = new SendingAssociation(connect({ host, port, noDelay: true }));
      const maximumLength = await association.open(calledAeTitle);
      const uids = { studyInstanceUid, seriesInstanceUid: newUid() };
      const message = new StoreMessage(CONTEXT_ID, pixelBytes, uids, maximumLength);
      const share = Math.floor((instances + associations - 1 - index) / associations);
      return { association, message, share };
    }),
  );
  const latencies: number[] = [];
  const startedAt = performance.now();
  await Promise.all(
    ready.map(async ({ association, message, share }) => {
      for (let count = 0; count < share; count += 1) {
        const begun = performance.now();
        await association.store(message);
        latencies.push(performance.now() - begun);
      }
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  sent();
  await Promise.all(ready.map(({ association }) => association.release()));
  const dataSetLength = ready[0]?.message.dataSetLength ?? 0;
  return { studyInstanceUid, seconds, bytes: dataSetLength * instances, latencies };
};
