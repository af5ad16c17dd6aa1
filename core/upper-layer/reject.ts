/** The rejections of PS3.8 table 9-21 that are in use here, by name. */
import type { AssociateReject } from './pdu.ts';

const PERMANENT = 1;
const TRANSIENT = 2;
const SERVICE_USER = 1;
const PROVIDER_ACSE = 2;
const PROVIDER_PRESENTATION = 3;

const rejection = (result: number, source: number, reason: number): AssociateReject => ({
  type: 'associate-reject',
  result,
  source,
  reason,
});

export const REJECTION = {
  /** Also for a user identity that does not hold (PS3.7 section D.3.3.7). */
  noReasonGiven: rejection(PERMANENT, SERVICE_USER, 1),
  applicationContextNotSupported: rejection(PERMANENT, SERVICE_USER, 2),
  callingAeTitleNotRecognized: rejection(PERMANENT, SERVICE_USER, 3),
  calledAeTitleNotRecognized: rejection(PERMANENT, SERVICE_USER, 7),
  protocolVersionNotSupported: rejection(PERMANENT, PROVIDER_ACSE, 2),
  temporaryCongestion: rejection(TRANSIENT, PROVIDER_PRESENTATION, 1),
  localLimitExceeded: rejection(TRANSIENT, PROVIDER_PRESENTATION, 2),
} as const;

const RESULTS = new Map([
  [PERMANENT, 'rejected permanently'],
  [TRANSIENT, 'rejected for now'],
]);

const REASONS = new Map([
  ['1/1', 'no reason given'],
  ['1/2', 'application context not supported'],
  ['1/3', 'calling AE title not recognized'],
  ['1/7', 'called AE title not recognized'],
  ['2/1', 'no reason given'],
  ['2/2', 'protocol version not supported'],
  ['3/1', 'temporary congestion'],
  ['3/2', 'local limit exceeded'],
]);

/** For a person: "rejected permanently: called AE title not recognized". */
export const describeRejection = (reject: AssociateReject): string => {
  const result = RESULTS.get(reject.result) ?? `rejected (result ${reject.result})`;
  const reason =
    REASONS.get(`${reject.source}/${reject.reason}`) ??
    `source ${reject.source}, reason ${reject.reason}`;
  return `${result}: ${reason}`;
};
