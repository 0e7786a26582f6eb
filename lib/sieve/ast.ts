import type { Position } from './problem.ts';

/** The generic grammar (RFC 5228 §8.2): commands and tests have the same arguments, whatever they mean. */
export interface Call {
  readonly at: Position;
  /** In lower case. */
  readonly name: string;
  readonly arguments: readonly Argument[];
  readonly tests: readonly Call[];
  /** Whether the tests stood in parentheses. */
  readonly testList: boolean;
  /** The commands of its block; undefined for tests and for commands that end with a semicolon. */
  readonly block: readonly Call[] | undefined;
}

export type Argument =
  | { readonly kind: 'tag'; readonly at: Position; readonly name: string }
  | { readonly kind: 'number'; readonly at: Position; readonly value: number }
  | { readonly kind: 'strings'; readonly at: Position; readonly list: boolean; readonly values: readonly Literal[] };

/** A string as it stands in the script, line ends as CRLF; escapes and dot-stuffing are undone. */
export interface Literal {
  readonly at: Position;
  readonly text: string;
}
