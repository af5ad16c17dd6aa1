/**
 * How a data set's bytes are to be read (PS3.5 section 10 and annex A). Compressed pixel data changes nothing
 * for a header: every encapsulated syntax is Explicit VR Little Endian.
 */

export const IMPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2';
export const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
export const DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1.99';
export const EXPLICIT_VR_BIG_ENDIAN = '1.2.840.10008.1.2.2';
const JPIP_REFERENCED_DEFLATE = '1.2.840.10008.1.2.4.95';
const JPIP_HTJ2K_REFERENCED_DEFLATE = '1.2.840.10008.1.2.4.205';

export interface DataSetEncoding {
  readonly implicitVr: boolean;
  readonly littleEndian: boolean;
  readonly deflated: boolean;
}

const DEFLATED: ReadonlySet<string> = new Set([
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  JPIP_REFERENCED_DEFLATE,
  JPIP_HTJ2K_REFERENCED_DEFLATE,
]);

/** A syntax that is not known here, private ones included, is taken for Explicit VR Little Endian. */
export const encodingOf = (transferSyntaxUid: string): DataSetEncoding => ({
  implicitVr: transferSyntaxUid === IMPLICIT_VR_LITTLE_ENDIAN,
  littleEndian: transferSyntaxUid !== EXPLICIT_VR_BIG_ENDIAN,
  deflated: DEFLATED.has(transferSyntaxUid),
});
