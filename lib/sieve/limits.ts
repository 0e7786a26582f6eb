const KIB = 1024;
const MIB = 1024 * KIB;

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
  /** Scripts included inside each other (RFC 6609 §3.1). */
  includeDepth: 8,
  /** Scripts included in one run. */
  includes: 32,
  /** Bytes of a message that body tests look at. */
  bodyBytes: 16 * MIB,
  /** Header fields a script may add. */
  addedHeaders: 64,
  /** Characters of one regular expression. */
  regexChars: KIB,
} as const;

export type SieveLimits = { readonly [name in keyof typeof sieveLimits]: number };
