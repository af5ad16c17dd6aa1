/**
 * A-ASSOCIATE-RQ and -AC (PS3.8 sections 9.3.2 and 9.3.3): fixed fields, then variable items. Items of
 * unknown type are skipped; what is missing or out of range is a ProtocolViolation.
 */
import type { ByteReader } from './byte-reader.ts';
import { ITEM_TYPE, ascii, encodeItem, forEachItem, u16 } from './item.ts';
import type { AnsweredContext, AssociateAccept, AssociateRequest, ProposedContext } from './pdu.ts';
import {
  decodeUserInformation,
  encodeUserInformation,
  type UserInformation,
} from './user-information.ts';

const AE_TITLE_LENGTH = 16;
const RESERVED_AFTER_TITLES = 32;

/** Leading and trailing spaces are not significant (PS3.8 table 9-11). Some peers pad with NUL. */
const readAeTitle = (reader: ByteReader, field: string): string =>
  reader.text(AE_TITLE_LENGTH, field).replaceAll('\0', ' ').trim();

const writeAeTitle = (title: string): Buffer =>
  ascii(title.padEnd(AE_TITLE_LENGTH).slice(0, AE_TITLE_LENGTH));

const readContextId = (item: ByteReader, taken: ReadonlySet<number>): number => {
  const { offset } = item;
  const id = item.u8('presentation context ID');
  if (id % 2 === 0) item.fail('presentation context ID', 'an odd number', String(id), offset);
  if (taken.has(id)) {
    item.fail('presentation context ID', 'one that is not taken', String(id), offset);
  }
  item.skip(1);
  return id;
};

const decodeProposedContext = (item: ByteReader, taken: ReadonlySet<number>): ProposedContext => {
  const id = readContextId(item, taken);
  item.skip(2);
  const transferSyntaxes: string[] = [];
  let abstractSyntax: string | undefined;
  forEachItem(item, (type, value, length) => {
    if (type === ITEM_TYPE.abstractSyntax) abstractSyntax = value.uid(length, 'abstract syntax');
    if (type === ITEM_TYPE.transferSyntax) {
      transferSyntaxes.push(value.uid(length, 'transfer syntax'));
    }
  });
  if (abstractSyntax === undefined) item.fail('abstract syntax', 'one sub-item', 'none');
  if (transferSyntaxes.length === 0) item.fail('transfer syntax', 'at least one sub-item', 'none');
  return { id, abstractSyntax, transferSyntaxes };
};

const decodeAnsweredContext = (item: ByteReader, taken: ReadonlySet<number>): AnsweredContext => {
  const id = readContextId(item, taken);
  const result = item.u8('result/reason');
  item.skip(1);
  let transferSyntax = '';
  forEachItem(item, (type, value, length) => {
    if (type !== ITEM_TYPE.transferSyntax) return;
    // Not significant for a context that was not accepted (PS3.8 table 9-18), where some peers send rubbish.
    transferSyntax =
      result === 0 ? value.uid(length, 'transfer syntax') : value.text(length, 'transfer syntax');
  });
  return { id, result, transferSyntax };
};

const decodeAssociate = <C extends { readonly id: number }>(
  reader: ByteReader,
  contextItem: number,
  decodeContext: (item: ByteReader, taken: ReadonlySet<number>) => C,
) => {
  const protocolVersion = reader.u16('protocol version');
  reader.skip(2);
  const calledAeTitle = readAeTitle(reader, 'called AE title');
  const callingAeTitle = readAeTitle(reader, 'calling AE title');
  reader.skip(RESERVED_AFTER_TITLES);
  const contexts: C[] = [];
  const taken = new Set<number>();
  let applicationContext: string | undefined;
  let userInformation: UserInformation | undefined;
  forEachItem(reader, (type, item, length) => {
    switch (type) {
      case ITEM_TYPE.applicationContext:
        applicationContext = item.uid(length, 'application context name');
        break;
      case contextItem: {
        const context = decodeContext(item, taken);
        taken.add(context.id);
        contexts.push(context);
        break;
      }
      case ITEM_TYPE.userInformation:
        userInformation = decodeUserInformation(item);
        break;
      default:
    }
  });
  if (applicationContext === undefined) reader.fail('application context', 'one item', 'none');
  if (contexts.length === 0) reader.fail('presentation context', 'at least one item', 'none');
  if (userInformation === undefined) reader.fail('user information', 'one item', 'none');
  return {
    protocolVersion,
    calledAeTitle,
    callingAeTitle,
    applicationContext,
    contexts,
    userInformation,
  };
};

export const decodeAssociateRequest = (reader: ByteReader): AssociateRequest => ({
  type: 'associate-request',
  ...decodeAssociate(reader, ITEM_TYPE.proposedContext, decodeProposedContext),
});

export const decodeAssociateAccept = (reader: ByteReader): AssociateAccept => ({
  type: 'associate-accept',
  ...decodeAssociate(reader, ITEM_TYPE.answeredContext, decodeAnsweredContext),
});

const encodeProposedContext = (context: ProposedContext): Buffer =>
  encodeItem(
    ITEM_TYPE.proposedContext,
    Buffer.from([context.id, 0, 0, 0]),
    encodeItem(ITEM_TYPE.abstractSyntax, ascii(context.abstractSyntax)),
    ...context.transferSyntaxes.map((uid) => encodeItem(ITEM_TYPE.transferSyntax, ascii(uid))),
  );

const encodeAnsweredContext = (context: AnsweredContext): Buffer =>
  encodeItem(
    ITEM_TYPE.answeredContext,
    Buffer.from([context.id, 0, context.result, 0]),
    encodeItem(ITEM_TYPE.transferSyntax, ascii(context.transferSyntax)),
  );

/** The variable field of the PDU, without its type and length. */
export const encodeAssociate = (pdu: AssociateRequest | AssociateAccept): Buffer =>
  Buffer.concat([
    u16(pdu.protocolVersion),
    Buffer.alloc(2),
    writeAeTitle(pdu.calledAeTitle),
    writeAeTitle(pdu.callingAeTitle),
    Buffer.alloc(RESERVED_AFTER_TITLES),
    encodeItem(ITEM_TYPE.applicationContext, ascii(pdu.applicationContext)),
    ...(pdu.type === 'associate-request'
      ? pdu.contexts.map(encodeProposedContext)
      : pdu.contexts.map(encodeAnsweredContext)),
    encodeUserInformation(pdu.userInformation),
  ]);
