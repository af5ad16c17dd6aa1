/** C-ECHO: does somebody answer there, under that name, to us (PS3.4 annex A)? */
import { IMPLICIT_VR_LITTLE_ENDIAN } from '../../core/dicom/transfer-syntaxes.ts';
import { echoRequest } from '../../core/dimse/messages.ts';
import { STATUS } from '../../core/dimse/status.ts';
import { VERIFICATION_SOP_CLASS } from '../../core/upper-layer/negotiation.ts';
import { AssociationFailed } from './association-failed.ts';
import { openAssociation, type RequestorAssociation } from './association.ts';
import type { PeerAddress } from './peer-socket.ts';

export interface PeerOptions extends PeerAddress {
  readonly calledAe: string;
  readonly callingAe: string;
  readonly timeoutMs: number;
}

/** Sends one C-ECHO on an open association and returns the status. Throws AssociationFailed. */
export const echo = async (association: RequestorAssociation): Promise<number> => {
  const context = association.contexts.find(
    ({ abstractSyntax }) => abstractSyntax === VERIFICATION_SOP_CLASS,
  );
  if (context === undefined) {
    throw new AssociationFailed('rejected', 'the peer does not serve C-ECHO');
  }
  const request = echoRequest(association.nextMessageId(), VERIFICATION_SOP_CLASS);
  const response = await association.request(context.id, request);
  // No status is not success.
  return response.Status ?? STATUS.processingFailure;
};

export interface EchoResult {
  /** 0 is success; see describeStatus. */
  readonly status: number;
  /** From the connection to the response. */
  readonly milliseconds: number;
}

/** Opens an association, sends one C-ECHO, releases. Throws AssociationFailed. */
export const sendEcho = async (options: PeerOptions): Promise<EchoResult> => {
  const begun = performance.now();
  const association = await openAssociation({
    ...options,
    contexts: [
      { abstractSyntax: VERIFICATION_SOP_CLASS, transferSyntaxes: [IMPLICIT_VR_LITTLE_ENDIAN] },
    ],
  });
  try {
    const status = await echo(association);
    const milliseconds = performance.now() - begun;
    await association.release();
    return { status, milliseconds };
  } catch (error) {
    association.abort();
    throw error;
  }
};
