import type { Argument, Call, Literal } from './ast.ts';
import { Lexer, type Mark, type Token } from './lexer.ts';
import type { SieveLimits } from './limits.ts';
import { type Position, type SieveProblem, SieveSyntaxError } from './problem.ts';

/** Reads a script by the generic grammar of RFC 5228 §8.2, and tells what does not fit, in the order of the script. */
export function parseScript(
  text: string,
  limits: SieveLimits,
): { readonly calls: readonly Call[] } | { readonly problems: readonly SieveProblem[] } {
  return new Parser(text, limits).parse();
}

/** Decodes a script; throws SieveSyntaxError when it is too large, no UTF-8, or has a NUL (RFC 5228 §2.1). */
export function scriptText(source: string | Uint8Array, limits: SieveLimits): string {
  const size = typeof source === 'string' ? Buffer.byteLength(source) : source.length;
  if (size > limits.scriptBytes) {
    throw new SieveSyntaxError({ line: 1, column: 1 }, `The script is larger than ${limits.scriptBytes} bytes.`);
  }
  const text = typeof source === 'string' ? source : decoded(source);
  const nul = text.indexOf('\0');
  if (nul >= 0) throw new SieveSyntaxError(positionAt(text, nul), 'A script cannot hold a NUL.');
  // Quirk (Windows editors): a byte order mark in front of the first line.
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

class Parser {
  readonly #lexer: Lexer;
  readonly #limits: SieveLimits;
  readonly #problems: SieveProblem[] = [];
  #token: Token = { kind: 'end', at: { line: 1, column: 1 } };
  #depth = 0;
  #nodes = 0;

  constructor(text: string, limits: SieveLimits) {
    this.#lexer = new Lexer(text);
    this.#limits = limits;
  }

  parse(): { readonly calls: readonly Call[] } | { readonly problems: readonly SieveProblem[] } {
    const calls: Call[] = [];
    try {
      this.#advance();
      calls.push(...this.#commands());
      if (this.#token.kind !== 'end') throw new SieveSyntaxError(this.#token.at, 'A "}" without a block.');
    } catch (error) {
      if (!(error instanceof SieveSyntaxError)) throw error;
      if (this.#problems.length < this.#limits.problems) this.#problems.push(error.problem);
    }
    return this.#problems.length > 0 ? { problems: this.#problems } : { calls };
  }

  /** commands = *command */
  #commands(): Call[] {
    const commands: Call[] = [];
    while (this.#token.kind !== 'end' && !this.#is('}')) {
      const depth = this.#depth;
      try {
        commands.push(this.#command());
      } catch (error) {
        if (!(error instanceof SieveSyntaxError) || !error.passable) throw error;
        this.#problems.push(error.problem);
        if (this.#problems.length >= this.#limits.problems)
          throw new SieveSyntaxError(this.#token.at, 'There are more.');
        this.#depth = depth;
        this.#passCommand();
      }
    }
    return commands;
  }

  /** Passes over what is left of a command that is not understood: to its semicolon, or to the end of its block. */
  #passCommand(): void {
    let open = 0;
    while (this.#token.kind !== 'end') {
      if (this.#is('}') && open === 0) return;
      const ends = open === 0 ? this.#is(';') : open === 1 && this.#is('}');
      if (this.#is('{')) open++;
      else if (this.#is('}')) open--;
      this.#advance();
      if (ends) return;
    }
  }

  /** command = identifier arguments (";" / block) */
  #command(): Call {
    const { at, name } = this.#name('A command');
    const rest = this.#arguments();
    if (this.#is(';')) {
      this.#advance();
      return { at, name, ...rest, block: undefined };
    }
    if (!this.#is('{')) throw this.#unexpected(`A semicolon or a block must follow "${name}".`);
    const open = this.#token.at;
    this.#enter(open);
    this.#advance();
    const block = this.#commands();
    if (!this.#is('}')) throw new SieveSyntaxError(open, 'This block is never closed; "}" is missing.');
    this.#advance();
    this.#depth--;
    return { at, name, ...rest, block };
  }

  /** arguments = *argument [ test / test-list ] */
  #arguments(): Pick<Call, 'arguments' | 'tests' | 'testList'> {
    const list: Argument[] = [];
    for (let argument = this.#argument(); argument !== undefined; argument = this.#argument()) list.push(argument);
    if (this.#is('(')) return { arguments: list, tests: this.#testList(), testList: true };
    if (this.#token.kind === 'identifier') return { arguments: list, tests: [this.#test()], testList: false };
    return { arguments: list, tests: [], testList: false };
  }

  /** argument = string-list / number / tag */
  #argument(): Argument | undefined {
    const token = this.#token;
    const { at } = token;
    if (token.kind === 'mark' && token.mark === '[') {
      this.#count(at);
      return { kind: 'strings', at, list: true, values: this.#stringList() };
    }
    if (token.kind !== 'tag' && token.kind !== 'number' && token.kind !== 'string') return undefined;
    this.#count(at);
    this.#advance();
    if (token.kind === 'tag') return { kind: 'tag', at, name: token.name };
    if (token.kind === 'number') return { kind: 'number', at, value: token.value };
    return { kind: 'strings', at, list: false, values: [{ at, text: token.text }] };
  }

  /** string-list = "[" string *("," string) "]" */
  #stringList(): Literal[] {
    const values: Literal[] = [];
    do {
      this.#advance();
      const token = this.#token;
      if (token.kind !== 'string') throw this.#unexpected(`A string must stand here, not ${named(token)}.`);
      this.#count(token.at);
      values.push({ at: token.at, text: token.text });
      this.#advance();
    } while (this.#is(','));
    this.#close(']', 'A comma or "]" must follow in a list of strings');
    return values;
  }

  /** test-list = "(" test *("," test) ")" */
  #testList(): Call[] {
    const tests: Call[] = [];
    do {
      this.#advance();
      tests.push(this.#test());
    } while (this.#is(','));
    this.#close(')', 'A comma or ")" must follow in a list of tests');
    return tests;
  }

  /** test = identifier arguments */
  #test(): Call {
    const { at, name } = this.#name('A test');
    this.#enter(at);
    const rest = this.#arguments();
    this.#depth--;
    return { at, name, ...rest, block: undefined };
  }

  #name(what: string): { readonly at: Position; readonly name: string } {
    const token = this.#token;
    if (token.kind !== 'identifier') throw this.#unexpected(`${what} must stand here, not ${named(token)}.`);
    this.#count(token.at);
    this.#advance();
    return token;
  }

  #close(mark: Mark, message: string): void {
    if (!this.#is(mark)) throw this.#unexpected(`${message}, not ${named(this.#token)}.`);
    this.#advance();
  }

  #unexpected(message: string): SieveSyntaxError {
    return new SieveSyntaxError(this.#token.at, message, true);
  }

  #is(mark: Mark): boolean {
    return this.#token.kind === 'mark' && this.#token.mark === mark;
  }

  #advance(): void {
    this.#token = this.#lexer.next();
  }

  #enter(at: Position): void {
    if (++this.#depth <= this.#limits.nesting) return;
    throw new SieveSyntaxError(at, `Blocks and tests may be inside each other ${this.#limits.nesting} times at most.`);
  }

  #count(at: Position): void {
    if (++this.#nodes <= this.#limits.nodes) return;
    throw new SieveSyntaxError(at, `A script may have ${this.#limits.nodes} commands, tests and arguments at most.`);
  }
}

function named(token: Token): string {
  switch (token.kind) {
    case 'identifier':
      return `"${token.name.slice(0, 64)}"`;
    case 'tag':
      return `":${token.name.slice(0, 64)}"`;
    case 'number':
      return 'a number';
    case 'string':
      return 'a string';
    case 'mark':
      return `"${token.mark}"`;
    case 'end':
      return 'the end of the script';
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const lenient = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    // Where decoding put the first replacement that is not in the bytes is where they stop being UTF-8.
    const offset = firstBadCharacter(bytes, lenient);
    throw new SieveSyntaxError(positionAt(lenient, offset), 'A script must be written in UTF-8.');
  }
}

function firstBadCharacter(bytes: Uint8Array, lenient: string): number {
  const again = Buffer.from(lenient);
  let at = 0;
  while (at < bytes.length && bytes[at] === again[at]) at++;
  return again.toString('utf8', 0, at).replace(/\ufffd$/, '').length;
}

function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}
