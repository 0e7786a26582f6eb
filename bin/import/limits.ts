const MIB = 1024 ** 2;

/** Named limits of importing. */
export const importLimits = {
  /** Messages of one commit. */
  batchMessages: 500,
  /** Bytes of one commit; a single message may be larger. */
  batchBytes: 32 * MIB,
  /** Messages that are being stored at the same time: enough to share the disk's flushes. */
  atOnce: 48,
  /** A message larger than this is read in pieces. */
  wholeBytes: 1 * MIB,
  /** Header of an mbox message in which Status and the like are looked for. */
  headerBytes: 256 * 1024,
} as const;
