import { type Position, SieveSyntaxError } from './problem.ts';

export type Token =
  | { readonly kind: 'identifier'; readonly at: Position; readonly name: string }
  | { readonly kind: 'tag'; readonly at: Position; readonly name: string }
  | { readonly kind: 'number'; readonly at: Position; readonly value: number }
  | { readonly kind: 'string'; readonly at: Position; readonly text: string }
  | { readonly kind: 'mark'; readonly at: Position; readonly mark: Mark }
  | { readonly kind: 'end'; readonly at: Position };

export type Mark = '{' | '}' | '(' | ')' | '[' | ']' | ',' | ';';

const word = /[A-Za-z_][A-Za-z0-9_]*/y;
const digits = /[0-9]+/y;
const blanks = /[ \t\r\n]+/y;
const multiLine = /text:[ \t]*(?:#[^\r\n]*)?(?:\r?\n|$)/iy;
const units: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** Reads tokens of a script one by one (RFC 5228 §8.1); throws SieveSyntaxError. */
export class Lexer {
  readonly #text: string;
  #offset = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): Token {
    this.#skip();
    const at = this.#position();
    const char = this.#text[this.#offset];
    if (char === undefined) return { kind: 'end', at };
    if (isMark(char)) {
      this.#offset++;
      return { kind: 'mark', at, mark: char };
    }
    if (char === '"') return { kind: 'string', at, text: this.#quoted(at) };
    if (char === ':') return this.#tag(at);
    if (char >= '0' && char <= '9') return this.#number(at);
    if (this.#take(multiLine) !== undefined) return { kind: 'string', at, text: this.#multiLine(at) };
    const name = this.#take(word);
    if (name !== undefined) return { kind: 'identifier', at, name: name.toLowerCase() };
    throw new SieveSyntaxError(at, `${shown(this.#text, this.#offset)} cannot stand here.`);
  }

  /** White space and comments (RFC 5228 §2.2, §2.3). */
  #skip(): void {
    for (;;) {
      if (this.#take(blanks) !== undefined) continue;
      const at = this.#position();
      if (this.#text.startsWith('#', this.#offset)) {
        const end = this.#text.indexOf('\n', this.#offset);
        this.#advance(end < 0 ? this.#text.length : end);
      } else if (this.#text.startsWith('/*', this.#offset)) {
        const end = this.#text.indexOf('*/', this.#offset + 2);
        if (end < 0) throw new SieveSyntaxError(at, 'This comment is never closed; "*/" is missing.');
        this.#advance(end + 2);
      } else return;
    }
  }

  #tag(at: Position): Token {
    this.#offset++;
    const name = this.#take(word);
    if (name === undefined) throw new SieveSyntaxError(at, 'A colon must be followed by the name of an argument.');
    return { kind: 'tag', at, name: name.toLowerCase() };
  }

  #number(at: Position): Token {
    const value = Number(this.#take(digits) ?? '');
    const unit = (this.#take(word) ?? '').toLowerCase();
    const factor = unit === '' ? 1 : units[unit];
    if (factor === undefined) throw new SieveSyntaxError(at, 'A number may only be followed by K, M or G.');
    const product = value * factor;
    if (!Number.isSafeInteger(product)) throw new SieveSyntaxError(at, 'This number is too large.');
    return { kind: 'number', at, value: product };
  }

  /** RFC 5228 §2.4.2: a backslash means the character after it. */
  #quoted(at: Position): string {
    let out = '';
    let from = this.#offset + 1;
    for (let i = from; i < this.#text.length; i++) {
      const char = this.#text[i];
      if (char === '"') {
        out += this.#text.slice(from, i);
        this.#advance(i + 1);
        return withCrlf(out);
      }
      if (char === '\\') {
        out += this.#text.slice(from, i);
        from = ++i;
      }
    }
    throw new SieveSyntaxError(at, 'This string is never closed; a quotation mark is missing.');
  }

  /** The lines after `text:` up to a lone dot; the first of two dots at the beginning of a line is stuffing (RFC 5228 §8.1). */
  #multiLine(at: Position): string {
    const lines: string[] = [];
    let from = this.#offset;
    while (from < this.#text.length) {
      const lf = this.#text.indexOf('\n', from);
      const end = lf < 0 ? this.#text.length : lf + 1;
      const line = this.#text.slice(from, end).replace(/\r?\n$/, '');
      from = end;
      if (line === '.') {
        this.#advance(from);
        return withCrlf(lines.join(''));
      }
      lines.push(`${line.startsWith('..') ? line.slice(1) : line}\n`);
    }
    throw new SieveSyntaxError(at, 'This text is never closed; a line with nothing but a dot is missing.');
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const match = pattern.exec(this.#text)?.[0];
    if (match !== undefined) this.#advance(this.#offset + match.length);
    return match;
  }

  #advance(to: number): void {
    for (let lf = this.#text.indexOf('\n', this.#offset); lf >= 0 && lf < to; lf = this.#text.indexOf('\n', lf + 1)) {
      this.#line++;
      this.#lineStart = lf + 1;
    }
    this.#offset = to;
  }

  #position(): Position {
    return { line: this.#line, column: this.#offset - this.#lineStart + 1 };
  }
}

function isMark(char: string): char is Mark {
  return '{}()[],;'.includes(char);
}

function withCrlf(text: string): string {
  return text.includes('\n') ? text.replace(/\r?\n/g, '\r\n') : text;
}

function shown(text: string, offset: number): string {
  const char = String.fromCodePoint(text.codePointAt(offset) ?? 0);
  return /[\p{C}]/u.test(char) ? 'A control character' : `"${char}"`;
}
