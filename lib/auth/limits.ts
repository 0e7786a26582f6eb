const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Named limits of logging in. Units are in the names. */
export const authLimits = {
  /** Longest password, in UTF-8. */
  passwordBytes: 1024,
  /** Logins that wait for a core to check their password; more are told to try again. */
  waitingLogins: 1000,
  /** A password that was right needs no argon2 again for this long. */
  successMs: 5 * MINUTE,
  /** Passwords remembered as right; beyond it the oldest are forgotten. */
  successes: 10_000,
} as const;

export type AuthLimits = { readonly [name in keyof typeof authLimits]: number };

/** What failures of one user or of one address do. Each is forgiven after a while. */
export const throttleLimits = {
  /** So many failures cost nothing but the failure. */
  free: 5,
  /** The next one is answered so late, each further one twice as late as the one before. */
  firstDelayMs: 500,
  lastDelayMs: 8 * SECOND,
  /** With so many failures a user's logins are refused unseen. */
  userFailures: 20,
  /** One failure of a user is forgiven in this time. */
  userForgiveMs: MINUTE,
  /** With so many failures an address' logins are refused unseen. */
  addressFailures: 60,
  /** One failure of an address is forgiven in this time. */
  addressForgiveMs: 20 * SECOND,
  /** Names that nobody has share this many counters, so that inventing names cannot fill the index. */
  unknownNames: 4096,
} as const;

export type ThrottleLimits = { readonly [name in keyof typeof throttleLimits]: number };
