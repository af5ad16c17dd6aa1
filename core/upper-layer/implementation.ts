/** Who we are on the wire and in File Meta groups (PS3.7 annex D.3.3.2). */

/** Derived from a UUID (PS3.5 annex B.2); stays the same for all versions. */
export const IMPLEMENTATION_CLASS_UID = '2.25.175206742763089656834452761108325772584';

/** At most 16 characters. */
export const IMPLEMENTATION_VERSION_NAME = 'GANTRY_0_1';
