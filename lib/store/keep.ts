/** How long things are remembered, milliseconds (Rules 3, 9, 13, 17). */
export const DAY_MS = 86_400_000;
/** Segments after they were folded: a lost answer can be looked up (Rule 3). */
export const SEGMENT_KEEP_MS = 7 * DAY_MS;
/** What is unreferenced (Rule 9); configuration may ask for more, never for less than a day. */
export const GRACE_MS = 2 * DAY_MS;
export const GRACE_MIN_MS = DAY_MS;
/** Claims and delivery nonces: longer than any retry (Rule 13). */
export const NONCE_KEEP_MS = 15 * DAY_MS;
/** Expunged UIDs, for QRESYNC (Rule 17). */
export const EXPUNGED_KEEP_MS = 60 * DAY_MS;
/** A writer that has not committed so long after its first byte starts over (Rule 9). */
export const WRITER_MS = DAY_MS / 2;
