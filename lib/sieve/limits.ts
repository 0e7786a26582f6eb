const KIB = 1024;
const MIB = 1024 * KIB;
const DAY = 86_400;

/** What a script may cost. Beyond a limit of the text it is refused; beyond one of the run it fails, and mail is kept. */
export const sieveLimits = {
  /** Bytes of one script. */
  scriptBytes: MIB,
  /** Blocks and tests inside each other (RFC 5228 §2.10.5 asks for 15). */
  nesting: 32,
  /** Commands, tests and arguments of one script. */
  nodes: 50_000,
  /** Problems told of one script. */
  problems: 50,
  /** Steps of one run: a command, a test and a comparison are one each, and so is every `stepChars` looked at. */
  steps: 1_000_000,
  /** Steps after which a run lets others run; a command ends before it does. */
  stepsAtOnce: 20_000,
  /** Characters read, matched or made for one step. */
  stepChars: 64,
  /** Actions of one run. */
  actions: 64,
  /** Redirections of one run. */
  redirects: 10,
  /** Variables of one run (RFC 5229 §6 asks for 128). */
  variables: 256,
  /** Characters of one variable, the rest is cut off (RFC 5229 §6 asks for 4000 octets). */
  variableChars: 16 * KIB,
  /** Characters of a string after its variables were put in. */
  stringChars: 256 * KIB,
  /** Match variables remembered of one match (RFC 5229 §3.2 asks for 9). */
  captures: 32,
  /** Flags of one action or variable. */
  flags: 256,
  /** Questions of one run that are asked of the store. */
  questions: 256,
  /** Scripts included inside each other (RFC 6609 §3.1). */
  includeDepth: 8,
  /** Scripts included in one run. */
  includes: 32,
  /** Bytes of a message that body tests look at. */
  bodyBytes: 16 * MIB,
  /** Bytes of the header of one part that tests look at. */
  partHeaderBytes: 256 * KIB,
  /** Times that a run replaces parts of a message, or encloses it. */
  rewrites: 16,
  /** Header fields a script may add. */
  addedHeaders: 64,
  /** Characters of one regular expression. */
  regexChars: KIB,
  /** Characters, classes and groups of one regular expression with its counted repetitions written out. */
  regexSize: 2000,
  /** Notifications of one run (RFC 5435 §8). */
  notifications: 8,
  /** Days of `vacation` when it says none (RFC 5230 §4.1). */
  vacationDays: 7,
  /** Days that `:days` is at least (RFC 5230 §4.1). */
  vacationMinDays: 1,
  /** Seconds that the interval of `vacation` is at most (RFC 5230 §4.1 asks for more than 30 days). */
  vacationMaxSeconds: 90 * DAY,
  /** Seconds that `duplicate` remembers when it says none (RFC 7352 §3.3). */
  duplicateSeconds: 7 * DAY,
  /** Seconds that `duplicate` remembers at most. */
  duplicateMaxSeconds: 90 * DAY,
} as const;

export type SieveLimits = { readonly [name in keyof typeof sieveLimits]: number };
