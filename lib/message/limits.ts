/** What the MIME parser will spend on one message; beyond a limit it understands less, it never refuses. */
export interface MessageLimits {
  /** Parts in one message, the message itself included; later ones are not described (they stay readable as bytes). */
  readonly maxParts: number;
  /** Parts open inside each other; a deeper multipart or message is an opaque `application/octet-stream`. */
  readonly maxDepth: number;
  /** Bytes kept of one header block, to read its fields from; the rest is skipped but still counted. */
  readonly maxHeaderBytes: number;
  /** Bytes kept of all header blocks below the message's own; later parts are described by the defaults. */
  readonly maxPartHeaderBytes: number;
  /** Body bytes kept of a text part, to make the preview from. */
  readonly maxSampleBytes: number;
}

export const messageLimits: MessageLimits = {
  maxParts: 10_000,
  maxDepth: 100,
  maxHeaderBytes: 256 * 1024,
  maxPartHeaderBytes: 2 * 1024 * 1024,
  maxSampleBytes: 16 * 1024,
};

/** Parameters understood in one header field. */
export const maxParams = 64;

/** Bytes of a boundary; RFC 2046 §5.1.1 allows 70, some senders use more. */
export const maxBoundaryBytes = 250;

/** Bytes of a line that may be a delimiter: `--`, the boundary, `--`, and padding. */
export const maxDelimiterLineBytes = 1000;

/** Addresses understood in one address list. */
export const maxAddresses = 5000;

/** Message ids kept for threading: the root, and the nearest ones. */
export const maxReferences = 200;

/** Language tags understood in one Content-Language. */
export const maxLanguages = 32;

/** Characters of a preview: RFC 8970 §3 recommends 200 and forbids more than 256. */
export const maxPreviewChars = 200;

/** Characters of a subject looked at to find its base subject. */
export const maxSubjectChars = 2000;

/** Bytes of a header that are searched; what stands behind them in an absurdly long one is not found. */
export const maxSearchedHeaderBytes = 1024 * 1024;

/** Bytes of a body decoded at a time when its text is searched. */
export const maxTextPieceBytes = 64 * 1024;
