import { BadSyntax } from '../bad-syntax.ts';
import type { ImapCommand } from '../commands.ts';
import type { Fragment, Frame } from '../frame.ts';

/** How the session speaks; it changes with ENABLE (RFC 9051 §6.3.1, RFC 9755 §3). */
export interface Dialect {
  /** IMAP4rev2 or UTF8=ACCEPT is enabled: names are UTF-8, not modified UTF-7. */
  readonly utf8: boolean;
  /** How this client names mailboxes, where that is not how the store does. */
  readonly names?: WireNames;
}

/** Mailbox names of the wire, and of the store. */
export interface WireNames {
  fromWire(name: string): string;
  toWire(name: string): string;
}

/**
 * A cursor over one framed command. Lines are held as one character per octet (latin1), so that positions are octets
 * and 8-bit text is decoded only where the grammar allows it.
 */
export class Reader {
  readonly dialect: Dialect;
  readonly #fragments: readonly Fragment[];
  #index = 0;
  #line: string;
  #at = 0;
  #passed = 0;

  constructor(frame: Frame, dialect: Dialect) {
    this.dialect = dialect;
    this.#fragments = frame.fragments;
    this.#line = this.#lineAt(0);
  }

  /** The next character of the line; '' at its end, where a literal may follow. */
  peek(): string {
    return this.#line.charAt(this.#at);
  }

  /** Consumes and gives what a sticky expression matches here, or null. */
  match(sticky: RegExp): string | null {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#line);
    if (found === null) return null;
    this.#at += found[0].length;
    return found[0];
  }

  /** Consumes the given text if it stands here; letters compare without case (RFC 9051 §9, first note). */
  skip(text: string): boolean {
    const end = this.#at + text.length;
    const here = this.#line.slice(this.#at, end);
    if (here !== text && here.toUpperCase() !== text.toUpperCase()) return false;
    this.#at = end;
    return true;
  }

  /** Consumes the given text or fails, naming it as what was expected. */
  expect(text: string, what = `"${text}"`): void {
    if (!this.skip(text)) this.fail(what);
  }

  sp(): void {
    this.expect(' ', 'a space');
  }

  /** Consumes the literal announced here, or gives null when there is none. */
  literal(): (Fragment & { readonly kind: 'literal' }) | null {
    const next = this.#fragments[this.#index + 1];
    if (this.#at < this.#line.length || next?.kind !== 'literal') return null;
    this.#passed += this.#line.length + next.bytes.length;
    this.#index += 2;
    this.#line = this.#lineAt(this.#index);
    this.#at = 0;
    return next;
  }

  /** The same, but of a literal8 only (RFC 9051 §9, RFC 4466 §2.3). */
  binaryLiteral(): (Fragment & { readonly kind: 'literal' }) | null {
    const next = this.#fragments[this.#index + 1];
    return next?.kind === 'literal' && next.binary ? this.literal() : null;
  }

  /** Whether everything has been read. */
  atEnd(): boolean {
    return this.#at >= this.#line.length && this.#index + 1 >= this.#fragments.length;
  }

  /** Fails unless everything has been read. */
  end(): void {
    // Quirk (people at a terminal, scripts): spaces after a complete command.
    this.match(/ +/y);
    if (!this.atEnd()) this.fail('the end of the command');
  }

  fail(expected: string): never {
    throw new BadSyntax(`Expected ${expected} at octet ${this.#passed + this.#at + 1}`);
  }

  /** What was just read is well-formed but cannot be meant. */
  invalid(what: string): never {
    throw new BadSyntax(`Invalid ${what} before octet ${this.#passed + this.#at + 1}`);
  }

  #lineAt(index: number): string {
    const fragment = this.#fragments[index];
    return fragment?.kind === 'line' ? fragment.bytes.toString('latin1') : '';
  }
}

/** Reads what follows a verb; it begins by taking the space before the arguments. */
export type ReadArguments = (reader: Reader) => ImapCommand;

/** Takes the space, then reads. */
export function spaced<T>(reader: Reader, read: (reader: Reader) => T): T {
  reader.sp();
  return read(reader);
}
