/** What one command may cost before it is understood. All sizes in octets. */
export interface WireLimits {
  /** The lines of one command together, literals apart; in APPEND, the lines from one message to the next. */
  readonly lineBytes: number;
  /** The collected literals of one command together. Messages of APPEND stream and do not count. */
  readonly literalBytes: number;
  /** The largest non-synchronising literal: 4096 where LITERAL- is announced (RFC 7888 §5), no bound of its own for LITERAL+. */
  readonly nonSyncBytes: number;
  /** One line sent in answer to `+`: a SASL response, or DONE. */
  readonly answerBytes: number;
  /** How much of a refused line or literal is read to its end and thrown away; beyond that the connection is given up. */
  readonly discardBytes: number;
}

/** Before login a command is a few words. */
export const LIMITS_BEFORE_LOGIN: WireLimits = {
  lineBytes: 8 * 1024,
  literalBytes: 8 * 1024,
  nonSyncBytes: Number.MAX_SAFE_INTEGER,
  answerBytes: 64 * 1024,
  discardBytes: 1024 * 1024,
};

/** After login: RFC 7162 §4 asks for lines of at least 8192 octets; clients send UID sets far longer. */
export const LIMITS_AFTER_LOGIN: WireLimits = {
  lineBytes: 64 * 1024,
  literalBytes: 1024 * 1024,
  nonSyncBytes: Number.MAX_SAFE_INTEGER,
  answerBytes: 64 * 1024,
  discardBytes: 1024 * 1024 * 1024,
};
