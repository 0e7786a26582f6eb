import { type AddressToken, addressTokens } from './address-token.ts';
import { maxAddresses } from './limits.ts';

/** One mailbox (RFC 5322 §3.4); encoded words in the name are left as they came. */
export interface Address {
  readonly kind: 'mailbox';
  /** The display name without its quotes, or a comment that serves as one; undefined when there is none. */
  readonly name: string | undefined;
  /** The obsolete source route, `@a,@b` (RFC 5322 §4.4). */
  readonly adl: string | undefined;
  /** The local part without its quotes. */
  readonly mailbox: string;
  /** The domain; empty when the address has none. */
  readonly host: string;
}

/** `name:` ... `;` around the mailboxes of a group (RFC 5322 §3.4, RFC 6854). */
export type AddressEntry = Address | { readonly kind: 'group'; readonly name: string } | { readonly kind: 'group-end' };

/**
 * Reads an address list, however badly written. What is quoted never becomes an address, and of several `@` the last
 * one counts, so that no text smuggled into a name or local part is taken for the address.
 */
export function parseAddressList(text: string): AddressEntry[] {
  return new AddressListParser(addressTokens(text)).parse();
}

/** The mailboxes of a list without the group markers. */
export function mailboxesOf(entries: readonly AddressEntry[]): Address[] {
  return entries.filter((entry) => entry.kind === 'mailbox');
}

/** `local@host` as it is written in a message, the local part quoted when it has to be. */
export function addressSpec(address: Pick<Address, 'mailbox' | 'host'>): string {
  const dotAtom = /^[^\s()<>[\]:;@\\,."]+(?:\.[^\s()<>[\]:;@\\,."]+)*$/;
  const local = dotAtom.test(address.mailbox) ? address.mailbox : `"${address.mailbox.replace(/["\\]/g, '\\$&')}"`;
  return address.host === '' ? local : `${local}@${address.host}`;
}

class AddressListParser {
  readonly #tokens: readonly AddressToken[];
  readonly #entries: AddressEntry[] = [];
  #words: AddressToken[] = [];
  #comment: string | undefined;
  #angle: { readonly name: string; readonly adl: string | undefined; readonly spec: AddressToken[] } | undefined;
  #inGroup = false;
  #mailboxes = 0;

  constructor(tokens: readonly AddressToken[]) {
    this.#tokens = tokens;
  }

  parse(): AddressEntry[] {
    let at = 0;
    while (at < this.#tokens.length && this.#mailboxes < maxAddresses) {
      const token = this.#tokens[at++];
      if (token === undefined) break;
      if (token.kind === 'comment') this.#comment ??= token.text;
      else if (token.kind !== 'special') this.#words.push(token);
      else at = this.#special(token, at);
    }
    this.#endAddress();
    this.#endGroup();
    return this.#entries;
  }

  /** Acts on a special character and returns where to go on. */
  #special(token: AddressToken, at: number): number {
    if (token.text === ',') this.#endAddress();
    else if (token.text === ';') {
      this.#endAddress();
      this.#endGroup();
    } else if (token.text === '<') return this.#readAngle(at);
    else if (token.text === ':' && this.#startsGroup()) this.#startGroup();
    else if (token.text !== '>') this.#words.push(token);
    return at;
  }

  #startsGroup(): boolean {
    return !this.#inGroup && this.#angle === undefined && !this.#words.some((word) => isSpecial(word, '@'));
  }

  #startGroup(): void {
    this.#entries.push({ kind: 'group', name: phrase(this.#words) });
    this.#inGroup = true;
    this.#words = [];
    this.#comment = undefined;
  }

  #endGroup(): void {
    if (this.#inGroup) this.#entries.push({ kind: 'group-end' });
    this.#inGroup = false;
  }

  /** From after `<` to after `>`; a missing `>` ends at the next comma, semicolon or `<`. */
  #readAngle(start: number): number {
    let at = start;
    let adl: string | undefined;
    const routeEnd = this.#routeEnd(start);
    if (routeEnd !== undefined) {
      adl = joined(this.#tokens.slice(start, routeEnd).filter((token) => token.kind !== 'comment'));
      at = routeEnd + 1;
    }
    const spec: AddressToken[] = [];
    for (; at < this.#tokens.length; at++) {
      const token = this.#tokens[at];
      if (token === undefined || isSpecial(token, '>')) break;
      if (isSpecial(token, ',') || isSpecial(token, ';') || isSpecial(token, '<')) {
        at--;
        break;
      }
      if (token.kind === 'comment') this.#comment ??= token.text;
      else spec.push(token);
    }
    // A second angle address without a comma between is a second address: the first one must not swallow it.
    const name = phrase(this.#words);
    if (this.#angle !== undefined) this.#endAddress();
    this.#angle = { name, adl, spec };
    this.#words = [];
    return at + 1;
  }

  /** obs-route = obs-domain-list ":" (RFC 5322 §4.4): the index of the colon, if `<` is followed by a route. */
  #routeEnd(start: number): number | undefined {
    if (!isSpecial(this.#tokens[start], '@')) return undefined;
    for (let at = start; at < this.#tokens.length; at++) {
      const token = this.#tokens[at];
      if (isSpecial(token, ':')) return at;
      if (isSpecial(token, '>') || isSpecial(token, '<') || isSpecial(token, ';')) return undefined;
    }
    return undefined;
  }

  #endAddress(): void {
    const angle = this.#angle;
    const words = this.#words;
    const comment = this.#comment;
    this.#angle = undefined;
    this.#words = [];
    this.#comment = undefined;
    if (angle === undefined && words.length === 0) return;
    const spec = angle?.spec ?? words;
    const name = angle?.name ?? '';
    const at = spec.findLastIndex((token) => isSpecial(token, '@'));
    this.#mailboxes++;
    this.#entries.push({
      kind: 'mailbox',
      name: name !== '' ? name : comment === '' ? undefined : comment,
      adl: angle?.adl,
      mailbox: at < 0 ? phrase(spec) : phrase(spec.slice(0, at)),
      host: at < 0 ? '' : joined(spec.slice(at + 1)),
    });
  }
}

function isSpecial(token: AddressToken | undefined, char: string): boolean {
  return token?.kind === 'special' && token.text === char;
}

/** The words with one space where white space stood between them. */
function phrase(words: readonly AddressToken[]): string {
  let out = '';
  for (const word of words) out += out !== '' && word.spaced ? ` ${word.text}` : word.text;
  return out;
}

function joined(words: readonly AddressToken[]): string {
  return words.map((word) => word.text).join('');
}
