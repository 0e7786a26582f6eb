import type { Argument, Call, Literal } from './ast.ts';
import { Lexer, type Mark, type Token } from './lexer.ts';
import type { SieveLimits } from './limits.ts';
import { type Position, SieveSyntaxError } from './problem.ts';

/** Reads a script by the generic grammar of RFC 5228 §8.2; throws SieveSyntaxError at the first thing that does not fit. */
export function parseScript(text: string, limits: SieveLimits): readonly Call[] {
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
  #token: Token;
  #depth = 0;
  #nodes = 0;

  constructor(text: string, limits: SieveLimits) {
    this.#lexer = new Lexer(text);
    this.#limits = limits;
    this.#token = this.#lexer.next();
  }

  parse(): Call[] {
    const commands = this.#commands();
    if (this.#token.kind !== 'end') throw new SieveSyntaxError(this.#token.at, 'A "}" without a block.');
    return commands;
  }

  /** commands = *command */
  #commands(): Call[] {
    const commands: Call[] = [];
    while (this.#token.kind !== 'end' && !this.#is('}')) commands.push(this.#command());
    return commands;
  }

  /** command = identifier arguments (";" / block) */
  #command(): Call {
    const { at, name } = this.#name('A command');
    const rest = this.#arguments();
    if (this.#is(';')) {
      this.#advance();
      return { at, name, ...rest, block: undefined };
    }
    if (!this.#is('{')) throw new SieveSyntaxError(this.#token.at, `A semicolon or a block must follow "${name}".`);
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
      if (token.kind !== 'string')
        throw new SieveSyntaxError(token.at, `A string must stand here, not ${named(token)}.`);
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
    if (token.kind !== 'identifier')
      throw new SieveSyntaxError(token.at, `${what} must stand here, not ${named(token)}.`);
    this.#count(token.at);
    this.#advance();
    return token;
  }

  #close(mark: Mark, message: string): void {
    if (!this.#is(mark)) throw new SieveSyntaxError(this.#token.at, `${message}, not ${named(this.#token)}.`);
    this.#advance();
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
