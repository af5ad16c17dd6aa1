/**
 * Audit messages of PS3.15 section A.5 as data: elements and codes are those of its schema, as JSON instead of XML.
 * By the standard they name patients and studies; here these are hashes (invariant I), so that who has the images
 * can tell which message is about them, and nobody else can.
 */
import { shortHash } from '../contracts/keys.ts';

/** DCM codes of PS3.16, context groups 400 and 401. */
export const AUDIT_EVENT = {
  applicationActivity: { code: '110100', meaning: 'Application Activity' },
  beginTransferring: { code: '110102', meaning: 'Begin Transferring DICOM Instances' },
  instancesTransferred: { code: '110104', meaning: 'DICOM Instances Transferred' },
  securityAlert: { code: '110113', meaning: 'Security Alert' },
} as const;

export const AUDIT_EVENT_TYPE = {
  start: { code: '110120', meaning: 'Application Start' },
  stop: { code: '110121', meaning: 'Application Stop' },
  nodeAuthentication: { code: '110126', meaning: 'Node Authentication' },
} as const;

/** Event Outcome Indicator. */
export const AUDIT_OUTCOME = { success: 0, minorFailure: 4, seriousFailure: 8 } as const;
export type AuditOutcome = (typeof AUDIT_OUTCOME)[keyof typeof AUDIT_OUTCOME];

interface CodedValue {
  readonly csdCode: string;
  readonly codeSystemName: 'DCM' | 'RFC-3881';
  readonly originalText: string;
}

interface ActiveParticipant {
  readonly UserID: string;
  readonly AlternativeUserID?: string;
  readonly UserIsRequestor: boolean;
  readonly RoleIDCode: readonly CodedValue[];
  readonly NetworkAccessPointID?: string;
  /** 2: an IP address. */
  readonly NetworkAccessPointTypeCode?: '2';
}

interface ParticipantObject {
  readonly ParticipantObjectTypeCode: '1' | '2';
  readonly ParticipantObjectTypeCodeRole: '1' | '3';
  readonly ParticipantObjectIDTypeCode: CodedValue;
  /** A hash: see {@link auditId}. */
  readonly ParticipantObjectID: string;
  readonly ParticipantObjectDescription?: {
    readonly SOPClass: readonly { readonly UID: string; readonly NumberOfInstances: number }[];
  };
}

export interface AuditMessage {
  readonly EventIdentification: {
    readonly EventID: CodedValue;
    readonly EventTypeCode?: CodedValue;
    /** E: execute; C: create. */
    readonly EventActionCode: 'E' | 'C';
    /** ISO 8601. */
    readonly EventDateTime: string;
    readonly EventOutcomeIndicator: AuditOutcome;
    readonly EventOutcomeDescription?: string;
  };
  readonly ActiveParticipant: readonly ActiveParticipant[];
  readonly AuditSourceIdentification: { readonly AuditSourceID: string };
  readonly ParticipantObjectIdentification?: readonly ParticipantObject[];
}

/** Who audits, and when. */
export interface AuditOrigin {
  /** The deployment's name. */
  readonly source: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The two ends of an association that a peer opened or tried to. */
export interface AuditPeers {
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly remoteAddress: string;
}

/** What came of one study in one association. */
export interface AuditedStudy {
  readonly patientId: string;
  readonly studyInstanceUid: string;
  /** Instances by SOP class. */
  readonly sopClasses: ReadonlyMap<string, number>;
}

const dcm = ({ code, meaning }: { code: string; meaning: string }): CodedValue => ({
  csdCode: code,
  codeSystemName: 'DCM',
  originalText: meaning,
});

const APPLICATION = dcm({ code: '110150', meaning: 'Application' });
const DESTINATION = dcm({ code: '110152', meaning: 'Destination Role ID' });
const SOURCE = dcm({ code: '110153', meaning: 'Source Role ID' });
const STUDY = dcm({ code: '110180', meaning: 'Study Instance UID' });
const PATIENT_NUMBER = {
  csdCode: '2',
  codeSystemName: 'RFC-3881',
  originalText: 'Patient Number',
} as const;

const ID_LENGTH = 32;

/** A patient's or a study's identifier as audit messages have it: the first half of its SHA-256. */
export const auditId = (identifier: string): string => shortHash(identifier, ID_LENGTH);

const eventOf = (
  { at }: AuditOrigin,
  event: { code: string; meaning: string },
  action: 'E' | 'C',
  outcome: AuditOutcome,
  more: { type?: { code: string; meaning: string }; description?: string } = {},
): AuditMessage['EventIdentification'] => ({
  EventID: dcm(event),
  ...(more.type === undefined ? {} : { EventTypeCode: dcm(more.type) }),
  EventActionCode: action,
  EventDateTime: new Date(at).toISOString(),
  EventOutcomeIndicator: outcome,
  ...(more.description === undefined ? {} : { EventOutcomeDescription: more.description }),
});

const participantsOf = (
  { source }: AuditOrigin,
  { calledAeTitle, callingAeTitle, remoteAddress }: AuditPeers,
): ActiveParticipant[] => [
  {
    UserID: remoteAddress,
    AlternativeUserID: `AETITLES=${callingAeTitle}`,
    UserIsRequestor: true,
    RoleIDCode: [SOURCE],
    NetworkAccessPointID: remoteAddress,
    NetworkAccessPointTypeCode: '2',
  },
  {
    UserID: source,
    AlternativeUserID: `AETITLES=${calledAeTitle}`,
    UserIsRequestor: false,
    RoleIDCode: [DESTINATION],
  },
];

/** Section A.5.3.1. */
export const applicationActivity = (
  origin: AuditOrigin,
  type: typeof AUDIT_EVENT_TYPE.start | typeof AUDIT_EVENT_TYPE.stop,
): AuditMessage => ({
  EventIdentification: eventOf(
    origin,
    AUDIT_EVENT.applicationActivity,
    'E',
    AUDIT_OUTCOME.success,
    { type },
  ),
  ActiveParticipant: [{ UserID: origin.source, UserIsRequestor: false, RoleIDCode: [APPLICATION] }],
  AuditSourceIdentification: { AuditSourceID: origin.source },
});

/** Sections A.5.3.3 (begin) and A.5.3.7 (transferred). */
export const transfer = (
  origin: AuditOrigin,
  event: typeof AUDIT_EVENT.beginTransferring | typeof AUDIT_EVENT.instancesTransferred,
  peers: AuditPeers,
  { patientId, studyInstanceUid, sopClasses }: AuditedStudy,
  outcome: AuditOutcome = AUDIT_OUTCOME.success,
): AuditMessage => ({
  EventIdentification: eventOf(
    origin,
    event,
    event === AUDIT_EVENT.beginTransferring ? 'E' : 'C',
    outcome,
  ),
  ActiveParticipant: participantsOf(origin, peers),
  AuditSourceIdentification: { AuditSourceID: origin.source },
  ParticipantObjectIdentification: [
    {
      ParticipantObjectTypeCode: '2',
      ParticipantObjectTypeCodeRole: '3',
      ParticipantObjectIDTypeCode: STUDY,
      ParticipantObjectID: auditId(studyInstanceUid),
      ParticipantObjectDescription: {
        SOPClass: [...sopClasses].map(([UID, NumberOfInstances]) => ({ UID, NumberOfInstances })),
      },
    },
    {
      ParticipantObjectTypeCode: '1',
      ParticipantObjectTypeCodeRole: '1',
      ParticipantObjectIDTypeCode: PATIENT_NUMBER,
      ParticipantObjectID: auditId(patientId),
    },
  ],
});

/** Section A.5.3.11: a peer that was turned away. `description` has nothing that it sent but AE titles and address. */
export const securityAlert = (
  origin: AuditOrigin,
  peers: AuditPeers,
  description: string,
): AuditMessage => ({
  EventIdentification: eventOf(origin, AUDIT_EVENT.securityAlert, 'E', AUDIT_OUTCOME.minorFailure, {
    type: AUDIT_EVENT_TYPE.nodeAuthentication,
    description,
  }),
  ActiveParticipant: participantsOf(origin, peers),
  AuditSourceIdentification: { AuditSourceID: origin.source },
});
