import { maxParams } from './limits.ts';
import type { Params } from './part.ts';

/** A header value of the shape `word *(";" name "=" value)` (RFC 2045 §5.1, RFC 2183 §2). */
export interface Parameterized {
  /** What stands before the first semicolon, comments removed. */
  readonly word: string;
  readonly params: Params;
}

/** Reads a value with parameters, however badly written; RFC 2231 continuations are joined. */
export function parseParameterized(text: string): Parameterized {
  const cursor = new Cursor(text);
  const word = cursor.until(';').trim();
  const raw: [string, string][] = [];
  while (!cursor.done && raw.length < maxParams) {
    cursor.skip(1);
    const name = cursor.until('=;').trim().toLowerCase();
    if (cursor.peek !== '=') continue;
    cursor.skip(1);
    const value = cursor.value();
    if (name !== '') raw.push([name, value]);
  }
  return { word, params: joinContinuations(raw) };
}

/** The value of a parameter exactly as listed, without decoding; the first of that name wins. */
export function rawParam(params: Params, name: string): string | undefined {
  return params.find(([candidate]) => candidate === name)?.[1];
}

interface Section {
  readonly index: number;
  readonly extended: boolean;
  readonly value: string;
}

/**
 * RFC 2231 §3: `name*0`, `name*1` ... are one value. When any section is in extended form (§4.1) the joined
 * parameter is called `name*`, and its plain sections are percent-encoded so that the whole can be decoded.
 */
function joinContinuations(raw: readonly [string, string][]): Params {
  const joined: [string, string][] = [];
  const pieces = new Map<string, Section[]>();
  for (const [name, value] of raw) {
    const numbered = /^(.+)\*(\d{1,3})(\*?)$/.exec(name);
    if (numbered === null) {
      joined.push([name, value]);
      continue;
    }
    const base = numbered[1] ?? '';
    let sections = pieces.get(base);
    if (sections === undefined) {
      pieces.set(base, (sections = []));
      joined.push([`${base}*0`, '']);
    }
    sections.push({ index: Number(numbered[2]), extended: numbered[3] === '*', value });
  }
  return joined.map(([name, value]) => {
    const sections = name.endsWith('*0') ? pieces.get(name.slice(0, -2)) : undefined;
    return sections === undefined ? [name, value] : joinSections(name.slice(0, -2), sections);
  });
}

function joinSections(name: string, sections: Section[]): [string, string] {
  sections.sort((a, b) => a.index - b.index);
  if (!sections.some((section) => section.extended)) return [name, sections.map((s) => s.value).join('')];
  const text = sections.map((s) => (s.extended ? s.value : encodeURIComponent(s.value.toWellFormed()))).join('');
  // Only the first section says the charset; if that one is plain, the text is what we made of it: UTF-8.
  return [`${name}*`, sections[0]?.extended === true ? text : `utf-8''${text}`];
}

class Cursor {
  readonly #text: string;
  #at = 0;
  /** A parenthesis was never closed: from there on parentheses are ordinary (and are not searched for again). */
  #commentsBroken = false;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  get peek(): string {
    return this.#text.charAt(this.#at);
  }

  skip(count: number): void {
    this.#at += count;
  }

  /** The text up to one of these characters, comments removed. */
  until(stops: string): string {
    let out = '';
    while (!this.done && !stops.includes(this.peek)) {
      if (this.peek === '(' && this.#skipComment()) continue;
      out += this.peek;
      this.#at++;
    }
    return out;
  }

  /** A token or a quoted string; what follows a quoted string up to the semicolon is noise. */
  value(): string {
    while (isBlank(this.peek)) this.#at++;
    if (this.peek !== '"') return this.until(';').trim();
    this.#at++;
    let out = '';
    while (!this.done && this.peek !== '"') {
      if (this.peek === '\\' && this.#at + 1 < this.#text.length) this.#at++;
      out += this.peek;
      this.#at++;
    }
    this.#at++;
    this.until(';');
    return out;
  }

  /** Only after white space: `name=report(1).pdf` is a careless file name, `charset=x (note)` has a comment. */
  #skipComment(): boolean {
    if (this.#commentsBroken || (this.#at > 0 && !isBlank(this.#text.charAt(this.#at - 1)))) return false;
    const end = commentEnd(this.#text, this.#at);
    if (end === undefined) this.#commentsBroken = true;
    else this.#at = end;
    return end !== undefined;
  }
}

function isBlank(char: string): boolean {
  return char === ' ' || char === '\t';
}

function commentEnd(text: string, open: number): number | undefined {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '\\') i++;
    else if (char === '(') depth++;
    else if (char === ')' && --depth === 0) return i + 1;
  }
  return undefined;
}
