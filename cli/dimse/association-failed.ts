/** Why there is no association with a peer, or no longer one. */

export type AssociationEnd =
  | 'not-connected'
  | 'handshake-failed'
  | 'rejected'
  | 'aborted'
  | 'connection-lost'
  | 'timed-out'
  | 'protocol';

/** There is no association, or no longer one; the message is for a person. */
export class AssociationFailed extends Error {
  override readonly name = 'AssociationFailed';
  readonly end: AssociationEnd;

  constructor(end: AssociationEnd, message: string) {
    super(message);
    this.end = end;
  }
}
