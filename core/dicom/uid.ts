/** Unique identifiers (PS3.5 section 9), and the two by which Gantry names itself as a writer of files. */

const MAX_UID_LENGTH = 64;
const UID = /^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+$/;

/**
 * At most 64 characters, components of digits without leading zeros, separated by single dots. What passes
 * can be part of a key or a path: it has no other character, and begins and ends with a digit.
 */
export const isValidUid = (text: string): boolean =>
  text.length <= MAX_UID_LENGTH && UID.test(text);

/** Digits and dots only, as real devices write UIDs that break a finer rule; still safe in a key. */
export const isUidLike = (text: string): boolean =>
  text.length <= MAX_UID_LENGTH && /^[0-9]+(\.[0-9]+)*$/.test(text);

/** A UID derived from a UUID (PS3.5 section B.2): Implementation Class UID (0002,0012) of Gantry. */
export const IMPLEMENTATION_CLASS_UID = '2.25.253646057028940639990545273829018870472';

/** Implementation Version Name (0002,0013): at most 16 characters. */
export const IMPLEMENTATION_VERSION_NAME = 'GANTRY_1';
