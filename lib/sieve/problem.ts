/** A place in a script; lines and columns count from 1, columns in characters. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Why a script cannot be used; the message is a sentence for whoever wrote the script. */
export interface SieveProblem extends Position {
  readonly message: string;
}

/** Ends lexing and parsing, unless it can be passed over to find more. */
export class SieveSyntaxError extends Error {
  override readonly name = 'SieveSyntaxError';
  readonly problem: SieveProblem;
  /** Whether what follows can be understood without it. */
  readonly passable: boolean;

  constructor(at: Position, message: string, passable = false) {
    super(`line ${at.line}, column ${at.column}: ${message}`);
    this.problem = { line: at.line, column: at.column, message };
    this.passable = passable;
  }
}

/** Ends a run: a limit, or something a script may not do (RFC 5228 §2.10.6). The message is kept. */
export class SieveFailure extends Error {
  override readonly name = 'SieveFailure';
  readonly problem: SieveProblem;

  constructor(at: Position, message: string) {
    super(`line ${at.line}, column ${at.column}: ${message}`);
    this.problem = { line: at.line, column: at.column, message };
  }
}

/** As sieveshell and webmails show it: one line each. */
export function problemText(problems: readonly SieveProblem[]): string {
  return problems.map(({ line, column, message }) => `line ${line}, column ${column}: ${message}`).join('\r\n');
}
