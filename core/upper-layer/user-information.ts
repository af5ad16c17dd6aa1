/**
 * The user information item (PS3.8 section 9.3.2.3 and annex D, PS3.7 annex D.3.3): what two implementations
 * tell each other beside the presentation contexts. Sub-items of unknown type are skipped, as PS3.8 asks.
 */
import type { ByteReader } from './byte-reader.ts';
import { ITEM_TYPE, ascii, counted, encodeItem, forEachItem, u16, u32 } from './item.ts';

/** PS3.7 table D.3-9. */
export interface RoleSelection {
  readonly sopClassUid: string;
  /** In a request: the requestor proposes to be SCU, SCP; in an accept: the acceptor agrees. */
  readonly scu: boolean;
  readonly scp: boolean;
}

/** PS3.7 table D.3-11: the information's meaning is the service class's. */
export interface ExtendedNegotiation {
  readonly sopClassUid: string;
  readonly information: Buffer;
}

/** PS3.7 table D.3-12; only in requests. */
export interface CommonExtendedNegotiation {
  readonly sopClassUid: string;
  readonly serviceClassUid: string;
  readonly relatedGeneralSopClassUids: readonly string[];
}

/** PS3.7 table D.3-14. Types: 1 user name, 2 with passcode, 3 Kerberos, 4 SAML, 5 JWT. */
export interface UserIdentity {
  readonly type: number;
  readonly positiveResponseRequested: boolean;
  readonly primary: Buffer;
  readonly secondary: Buffer;
}

export interface UserInformation {
  /** Longest P-DATA-TF variable field that the sender of this item takes, in bytes; 0 means any length. */
  readonly maximumLength: number;
  readonly implementationClassUid: string;
  readonly implementationVersionName?: string;
  /** Operations outstanding at once; 0 means any number. Absent means 1 and 1. */
  readonly asynchronousOperations?: { readonly invoked: number; readonly performed: number };
  readonly roles: readonly RoleSelection[];
  readonly extended: readonly ExtendedNegotiation[];
  readonly commonExtended: readonly CommonExtendedNegotiation[];
  readonly identity?: UserIdentity;
  /** Server response of an accepted user identity. */
  readonly identityResponse?: Buffer;
}

/** What is assumed of a peer that breaks PS3.8 annex D.1 by telling no maximum length: a size that all can take. */
export const MAXIMUM_LENGTH_WHEN_UNTOLD = 16384;

const decodeCommonExtended = (item: ByteReader): CommonExtendedNegotiation => {
  const sopClassUid = item.uid(item.u16('SOP class UID length'), 'SOP class UID');
  const serviceClassUid = item.uid(item.u16('service class UID length'), 'service class UID');
  const related = item.nested(item.u16('related classes length'), 'related general SOP classes');
  const relatedGeneralSopClassUids: string[] = [];
  while (related.remaining > 0) {
    relatedGeneralSopClassUids.push(
      related.uid(related.u16('related class UID length'), 'related class UID'),
    );
  }
  // What follows is reserved for later versions of the item.
  return { sopClassUid, serviceClassUid, relatedGeneralSopClassUids };
};

const decodeIdentity = (item: ByteReader): UserIdentity => ({
  type: item.u8('user identity type'),
  positiveResponseRequested: item.u8('positive response requested') === 1,
  primary: item.bytes(item.u16('primary field length'), 'primary field'),
  secondary: item.bytes(item.u16('secondary field length'), 'secondary field'),
});

export const decodeUserInformation = (reader: ByteReader): UserInformation => {
  const found: { -readonly [K in keyof UserInformation]?: UserInformation[K] } = {};
  const roles: RoleSelection[] = [];
  const extended: ExtendedNegotiation[] = [];
  const commonExtended: CommonExtendedNegotiation[] = [];
  forEachItem(reader, (type, item, length) => {
    switch (type) {
      case ITEM_TYPE.maximumLength:
        found.maximumLength = item.u32('maximum length received');
        break;
      case ITEM_TYPE.implementationClassUid:
        // Told for the record only: not worth an association if it is no UID.
        found.implementationClassUid = item.text(length, 'implementation class UID');
        break;
      case ITEM_TYPE.implementationVersionName:
        found.implementationVersionName = item.text(length, 'implementation version name');
        break;
      case ITEM_TYPE.asynchronousOperations:
        found.asynchronousOperations = {
          invoked: item.u16('maximum number of operations invoked'),
          performed: item.u16('maximum number of operations performed'),
        };
        break;
      case ITEM_TYPE.roleSelection:
        roles.push({
          sopClassUid: item.uid(item.u16('UID length'), 'SOP class UID'),
          scu: item.u8('SCU role') === 1,
          scp: item.u8('SCP role') === 1,
        });
        break;
      case ITEM_TYPE.extendedNegotiation:
        extended.push({
          sopClassUid: item.uid(item.u16('SOP class UID length'), 'SOP class UID'),
          information: item.rest(),
        });
        break;
      case ITEM_TYPE.commonExtendedNegotiation:
        commonExtended.push(decodeCommonExtended(item));
        break;
      case ITEM_TYPE.userIdentityRequest:
        found.identity = decodeIdentity(item);
        break;
      case ITEM_TYPE.userIdentityResponse:
        found.identityResponse = item.bytes(item.u16('server response length'), 'server response');
        break;
      default:
    }
  });
  return {
    ...found,
    maximumLength: found.maximumLength ?? MAXIMUM_LENGTH_WHEN_UNTOLD,
    implementationClassUid: found.implementationClassUid ?? '',
    roles,
    extended,
    commonExtended,
  };
};

const flag = (value: boolean): number => (value ? 1 : 0);

/** In the order of the sub-items' types, as common toolkits send them. */
export const encodeUserInformation = (information: UserInformation): Buffer => {
  const { asynchronousOperations, implementationVersionName, identity, identityResponse } =
    information;
  return encodeItem(
    ITEM_TYPE.userInformation,
    encodeItem(ITEM_TYPE.maximumLength, u32(information.maximumLength)),
    encodeItem(ITEM_TYPE.implementationClassUid, ascii(information.implementationClassUid)),
    ...(asynchronousOperations === undefined
      ? []
      : [
          encodeItem(
            ITEM_TYPE.asynchronousOperations,
            u16(asynchronousOperations.invoked),
            u16(asynchronousOperations.performed),
          ),
        ]),
    ...information.roles.map((role) =>
      encodeItem(
        ITEM_TYPE.roleSelection,
        counted(ascii(role.sopClassUid)),
        Buffer.from([flag(role.scu), flag(role.scp)]),
      ),
    ),
    ...(implementationVersionName === undefined
      ? []
      : [encodeItem(ITEM_TYPE.implementationVersionName, ascii(implementationVersionName))]),
    ...information.extended.map((item) =>
      encodeItem(ITEM_TYPE.extendedNegotiation, counted(ascii(item.sopClassUid)), item.information),
    ),
    ...information.commonExtended.map((item) =>
      encodeItem(
        ITEM_TYPE.commonExtendedNegotiation,
        counted(ascii(item.sopClassUid)),
        counted(ascii(item.serviceClassUid)),
        counted(Buffer.concat(item.relatedGeneralSopClassUids.map((uid) => counted(ascii(uid))))),
      ),
    ),
    ...(identity === undefined
      ? []
      : [
          encodeItem(
            ITEM_TYPE.userIdentityRequest,
            Buffer.from([identity.type, flag(identity.positiveResponseRequested)]),
            counted(identity.primary),
            counted(identity.secondary),
          ),
        ]),
    ...(identityResponse === undefined
      ? []
      : [encodeItem(ITEM_TYPE.userIdentityResponse, counted(identityResponse))]),
  );
};
