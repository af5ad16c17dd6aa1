/**
 * The upper layer's state machine as data: PS3.8 section 9.2, tables 9-1 to 9-10. Names are the standard's,
 * and beside each stands what one would say. Nothing is done here: association-machine.ts carries it out.
 */

export const STATE = {
  idle: 'Sta1',
  awaitingAssociateRequest: 'Sta2',
  awaitingLocalAssociateResponse: 'Sta3',
  awaitingTransportConnection: 'Sta4',
  awaitingAssociateAnswer: 'Sta5',
  established: 'Sta6',
  awaitingReleaseResponse: 'Sta7',
  awaitingLocalReleaseResponse: 'Sta8',
  /** Release collision: requestor's side. */
  collisionRequestorAwaitingLocalResponse: 'Sta9',
  /** Release collision: acceptor's side. */
  collisionAcceptorAwaitingResponse: 'Sta10',
  collisionRequestorAwaitingResponse: 'Sta11',
  collisionAcceptorAwaitingLocalResponse: 'Sta12',
  awaitingTransportClose: 'Sta13',
} as const;
export type State = (typeof STATE)[keyof typeof STATE];

export const EVENT = {
  associateRequestPrimitive: 'Evt1',
  transportConnected: 'Evt2',
  associateAcceptReceived: 'Evt3',
  associateRejectReceived: 'Evt4',
  transportAccepted: 'Evt5',
  associateRequestReceived: 'Evt6',
  acceptPrimitive: 'Evt7',
  rejectPrimitive: 'Evt8',
  dataPrimitive: 'Evt9',
  dataReceived: 'Evt10',
  releaseRequestPrimitive: 'Evt11',
  releaseRequestReceived: 'Evt12',
  releaseResponseReceived: 'Evt13',
  releaseResponsePrimitive: 'Evt14',
  abortPrimitive: 'Evt15',
  abortReceived: 'Evt16',
  transportClosed: 'Evt17',
  artimExpired: 'Evt18',
  invalidPduReceived: 'Evt19',
} as const;
export type Event = (typeof EVENT)[keyof typeof EVENT];

/** What an action is made of. `send` sends the PDU that came with the event. */
export type Effect =
  | 'connect-transport'
  | 'close-transport'
  | 'send-associate-request'
  | 'send'
  | 'send-provider-rejection'
  | 'send-release-request'
  | 'send-release-response'
  | 'send-user-abort'
  | 'send-provider-abort'
  | 'start-artim'
  | 'stop-artim'
  /** The primitive that the received PDU stands for. */
  | 'indicate'
  /** A-P-ABORT indication. */
  | 'indicate-provider-abort';

export interface Outcome {
  readonly effects: readonly Effect[];
  readonly next: State;
}

export interface Action extends Outcome {
  /** What one would say instead of the standard's name. */
  readonly alias: string;
  /** The action has a second outcome, for when this does not hold. */
  readonly onlyIf?: 'request-acceptable' | 'requestor';
  readonly otherwise?: Outcome;
}

/** Tables 9-6 to 9-9. */
export const ACTIONS = {
  'AE-1': { alias: 'connect', effects: ['connect-transport'], next: 'Sta4' },
  'AE-2': { alias: 'request association', effects: ['send-associate-request'], next: 'Sta5' },
  'AE-3': { alias: 'association accepted', effects: ['indicate'], next: 'Sta6' },
  'AE-4': {
    alias: 'association rejected',
    effects: ['indicate', 'close-transport'],
    next: 'Sta1',
  },
  'AE-5': { alias: 'await association', effects: ['start-artim'], next: 'Sta2' },
  'AE-6': {
    alias: 'consider association',
    onlyIf: 'request-acceptable',
    effects: ['stop-artim', 'indicate'],
    next: 'Sta3',
    otherwise: {
      effects: ['stop-artim', 'send-provider-rejection', 'start-artim'],
      next: 'Sta13',
    },
  },
  'AE-7': { alias: 'accept association', effects: ['send'], next: 'Sta6' },
  'AE-8': { alias: 'reject association', effects: ['send', 'start-artim'], next: 'Sta13' },
  'DT-1': { alias: 'send data', effects: ['send'], next: 'Sta6' },
  'DT-2': { alias: 'data received', effects: ['indicate'], next: 'Sta6' },
  'AR-1': { alias: 'request release', effects: ['send-release-request'], next: 'Sta7' },
  'AR-2': { alias: 'release requested', effects: ['indicate'], next: 'Sta8' },
  'AR-3': { alias: 'released', effects: ['indicate', 'close-transport'], next: 'Sta1' },
  'AR-4': {
    alias: 'answer release',
    effects: ['send-release-response', 'start-artim'],
    next: 'Sta13',
  },
  'AR-5': { alias: 'closed in peace', effects: ['stop-artim'], next: 'Sta1' },
  'AR-6': { alias: 'data received in release', effects: ['indicate'], next: 'Sta7' },
  'AR-7': { alias: 'send data in release', effects: ['send'], next: 'Sta8' },
  'AR-8': {
    alias: 'release collision',
    onlyIf: 'requestor',
    effects: ['indicate'],
    next: 'Sta9',
    otherwise: { effects: ['indicate'], next: 'Sta10' },
  },
  'AR-9': {
    alias: 'answer release in collision',
    effects: ['send-release-response'],
    next: 'Sta11',
  },
  'AR-10': { alias: 'released in collision', effects: ['indicate'], next: 'Sta12' },
  'AA-1': { alias: 'abort', effects: ['send-user-abort', 'start-artim'], next: 'Sta13' },
  'AA-2': { alias: 'hang up', effects: ['stop-artim', 'close-transport'], next: 'Sta1' },
  'AA-3': { alias: 'aborted by peer', effects: ['indicate', 'close-transport'], next: 'Sta1' },
  'AA-4': { alias: 'connection lost', effects: ['indicate-provider-abort'], next: 'Sta1' },
  'AA-5': { alias: 'gone before association', effects: ['stop-artim'], next: 'Sta1' },
  'AA-6': { alias: 'ignore', effects: [], next: 'Sta13' },
  'AA-7': { alias: 'abort once more', effects: ['send-provider-abort'], next: 'Sta13' },
  'AA-8': {
    alias: 'abort for violation',
    effects: ['send-provider-abort', 'indicate-provider-abort', 'start-artim'],
    next: 'Sta13',
  },
} as const satisfies Readonly<Record<string, Action>>;
export type ActionName = keyof typeof ACTIONS;

type Row = Readonly<Partial<Record<State, ActionName>>>;

/** What a PDU meets that an open association does not expect in that state. */
const UNEXPECTED = {
  Sta3: 'AA-8',
  Sta5: 'AA-8',
  Sta6: 'AA-8',
  Sta7: 'AA-8',
  Sta8: 'AA-8',
  Sta9: 'AA-8',
  Sta10: 'AA-8',
  Sta11: 'AA-8',
  Sta12: 'AA-8',
} as const satisfies Row;

/** The same action from the indication of an association on, to its end. */
const whileOpen = (action: ActionName): Row => ({
  Sta3: action,
  Sta5: action,
  Sta6: action,
  Sta7: action,
  Sta8: action,
  Sta9: action,
  Sta10: action,
  Sta11: action,
  Sta12: action,
});

/** Table 9-10. A missing cell cannot occur between correct programs: nothing is done, the state stays. */
export const TRANSITIONS: Readonly<Record<Event, Row>> = {
  Evt1: { Sta1: 'AE-1' },
  Evt2: { Sta4: 'AE-2' },
  Evt3: { ...UNEXPECTED, Sta2: 'AA-1', Sta5: 'AE-3', Sta13: 'AA-6' },
  Evt4: { ...UNEXPECTED, Sta2: 'AA-1', Sta5: 'AE-4', Sta13: 'AA-6' },
  Evt5: { Sta1: 'AE-5' },
  Evt6: { ...UNEXPECTED, Sta2: 'AE-6', Sta13: 'AA-7' },
  Evt7: { Sta3: 'AE-7' },
  Evt8: { Sta3: 'AE-8' },
  Evt9: { Sta6: 'DT-1', Sta8: 'AR-7' },
  Evt10: { ...UNEXPECTED, Sta2: 'AA-1', Sta6: 'DT-2', Sta7: 'AR-6', Sta13: 'AA-6' },
  Evt11: { Sta6: 'AR-1' },
  Evt12: { ...UNEXPECTED, Sta2: 'AA-1', Sta6: 'AR-2', Sta7: 'AR-8', Sta13: 'AA-6' },
  Evt13: {
    ...UNEXPECTED,
    Sta2: 'AA-1',
    Sta7: 'AR-3',
    Sta10: 'AR-10',
    Sta11: 'AR-3',
    Sta13: 'AA-6',
  },
  Evt14: { Sta8: 'AR-4', Sta9: 'AR-9', Sta12: 'AR-4' },
  Evt15: { ...whileOpen('AA-1'), Sta4: 'AA-2' },
  Evt16: { ...whileOpen('AA-3'), Sta2: 'AA-2', Sta13: 'AA-2' },
  Evt17: { ...whileOpen('AA-4'), Sta2: 'AA-5', Sta4: 'AA-4', Sta13: 'AR-5' },
  Evt18: { Sta2: 'AA-2', Sta13: 'AA-2' },
  Evt19: { ...UNEXPECTED, Sta2: 'AA-1', Sta13: 'AA-7' },
};
