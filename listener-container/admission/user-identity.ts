/** Checks a user name and passcode (PS3.7 section D.3.3.7, type 2) against what a source is configured with. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { SourceItem } from '../../core/contracts/configuration.ts';
import type { UserIdentity } from '../../core/upper-layer/user-information.ts';

const USERNAME_AND_PASSCODE = 2;

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

export const identityMatches = (
  { username, passcodeSha256 }: NonNullable<SourceItem['userIdentity']>,
  identity: UserIdentity | undefined,
): boolean => {
  if (identity?.type !== USERNAME_AND_PASSCODE) return false;
  const wanted = Buffer.from(passcodeSha256, 'hex');
  const given = sha256(identity.secondary);
  return (
    // Hashes have equal lengths, whatever was sent: the time tells nothing.
    timingSafeEqual(sha256(Buffer.from(username)), sha256(identity.primary)) &&
    wanted.length === given.length &&
    timingSafeEqual(wanted, given)
  );
};
