/**
 * The messages of the services that are spoken here: C-ECHO and C-STORE (PS3.7 sections 9.3.1 and 9.3.5),
 * N-ACTION and N-EVENT-REPORT (sections 10.3.1 and 10.3.5).
 */
import type { CommandSet } from './command-set.ts';

/** Command Field (PS3.7 table E.1-1). */
export const COMMAND = {
  cStoreRequest: 0x0001,
  cStoreResponse: 0x8001,
  cEchoRequest: 0x0030,
  cEchoResponse: 0x8030,
  cCancelRequest: 0x0fff,
  nEventReportRequest: 0x0100,
  nEventReportResponse: 0x8100,
  nActionRequest: 0x0130,
  nActionResponse: 0x8130,
} as const;

/** This bit of a Command Field says that the message is a response. */
const RESPONSE_BIT = 0x8000;

/** Command Data Set Type: this value says that no data set follows, any other that one does. */
export const NO_DATA_SET = 0x0101;
const DATA_SET_PRESENT = 0x0000;

const MEDIUM_PRIORITY = 0x0000;

/** VR LO: a longer comment is cut, and what is not of the default repertoire shown as a question mark. */
const ERROR_COMMENT_MAX_LENGTH = 64;
const errorComment = (text: string): string =>
  text.slice(0, ERROR_COMMENT_MAX_LENGTH).replace(/[^\x20-\x5b\x5d-\x7e]/g, '?');

const copied = <K extends keyof CommandSet>(keyword: K, value: CommandSet[K]): CommandSet =>
  value === undefined ? {} : { [keyword]: value };

export const isResponse = (command: CommandSet): boolean =>
  ((command.CommandField ?? 0) & RESPONSE_BIT) !== 0;

/** A command that says nothing about a data set has none. */
export const hasDataSet = (command: CommandSet): boolean =>
  (command.CommandDataSetType ?? NO_DATA_SET) !== NO_DATA_SET;

export const echoRequest = (messageId: number, sopClassUid: string): CommandSet => ({
  AffectedSOPClassUID: sopClassUid,
  CommandField: COMMAND.cEchoRequest,
  MessageID: messageId,
  CommandDataSetType: NO_DATA_SET,
});

export const storeRequest = (
  messageId: number,
  sopClassUid: string,
  sopInstanceUid: string,
): CommandSet => ({
  AffectedSOPClassUID: sopClassUid,
  CommandField: COMMAND.cStoreRequest,
  MessageID: messageId,
  Priority: MEDIUM_PRIORITY,
  CommandDataSetType: DATA_SET_PRESENT,
  AffectedSOPInstanceUID: sopInstanceUid,
});

export const actionRequest = (
  messageId: number,
  sopClassUid: string,
  sopInstanceUid: string,
  actionTypeId: number,
): CommandSet => ({
  RequestedSOPClassUID: sopClassUid,
  CommandField: COMMAND.nActionRequest,
  MessageID: messageId,
  CommandDataSetType: DATA_SET_PRESENT,
  RequestedSOPInstanceUID: sopInstanceUid,
  ActionTypeID: actionTypeId,
});

export const eventReportRequest = (
  messageId: number,
  sopClassUid: string,
  sopInstanceUid: string,
  eventTypeId: number,
): CommandSet => ({
  AffectedSOPClassUID: sopClassUid,
  CommandField: COMMAND.nEventReportRequest,
  MessageID: messageId,
  CommandDataSetType: DATA_SET_PRESENT,
  AffectedSOPInstanceUID: sopInstanceUid,
  EventTypeID: eventTypeId,
});

/** The response to any request, with what the request named: a requested SOP instance is the affected one. */
export const response = (request: CommandSet, status: number, comment?: string): CommandSet => ({
  ...copied('AffectedSOPClassUID', request.AffectedSOPClassUID ?? request.RequestedSOPClassUID),
  CommandField: (request.CommandField ?? 0) | RESPONSE_BIT,
  MessageIDBeingRespondedTo: request.MessageID ?? 0,
  CommandDataSetType: NO_DATA_SET,
  Status: status,
  ...(comment === undefined ? {} : { ErrorComment: errorComment(comment) }),
  ...copied(
    'AffectedSOPInstanceUID',
    request.AffectedSOPInstanceUID ?? request.RequestedSOPInstanceUID,
  ),
  ...copied('EventTypeID', request.EventTypeID),
  ...copied('ActionTypeID', request.ActionTypeID),
});
