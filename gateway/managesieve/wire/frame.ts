/** A command as it came: lines, each but the last followed by the literal that it announces. */
export type Frame = readonly Fragment[];

export interface Fragment {
  /** Without line end, and without the announcement of the literal. */
  readonly line: Buffer;
  readonly literal: Buffer | undefined;
}

/** The client spoke badly; the text tells how. */
export class BadSyntax extends Error {
  override readonly name = 'BadSyntax';
}

/** What a client may make us hold or skip, in bytes. */
export interface WireLimits {
  /** The lines of one command. */
  readonly lineBytes: number;
  /** The literals of one command. */
  readonly literalBytes: number;
  /** Of a command beyond the other limits, what is skipped before the connection is given up. */
  readonly skipBytes: number;
}
