/** A lexical token of an address list (RFC 5322 §3.2). */
export interface AddressToken {
  /** `special` is one of `, ; : < > @`; a dot is part of the atom it touches. */
  readonly kind: 'atom' | 'quoted' | 'literal' | 'comment' | 'special';
  /** Without quotes and quoting; a domain literal keeps its brackets. */
  readonly text: string;
  /** White space or a comment stands before it. */
  readonly spaced: boolean;
}

const atom = /[^\s()<>[\],;:@"\\]+/y;
const blank = /\s+/y;

/** Cuts an address list into tokens, in one pass; unfinished quotes and brackets end with the text. */
export function addressTokens(text: string): AddressToken[] {
  const tokens: AddressToken[] = [];
  let at = 0;
  let spaced = false;
  while (at < text.length) {
    blank.lastIndex = at;
    if (blank.test(text)) {
      at = blank.lastIndex;
      spaced = true;
      continue;
    }
    const token = tokenAt(text, at);
    tokens.push({ kind: token.kind, text: token.text, spaced });
    spaced = token.kind === 'comment';
    at = token.end;
  }
  return tokens;
}

interface Lexeme {
  readonly kind: AddressToken['kind'];
  readonly text: string;
  readonly end: number;
}

function tokenAt(text: string, at: number): Lexeme {
  const char = text.charAt(at);
  if (char === '"') return delimited(text, at, '"', 'quoted');
  if (char === '(') return comment(text, at);
  if (char === '[') {
    const inner = delimited(text, at, ']', 'literal');
    return { ...inner, text: `[${inner.text}]` };
  }
  if (',;:<>@'.includes(char)) return { kind: 'special', text: char, end: at + 1 };
  atom.lastIndex = at;
  const match = atom.exec(text);
  // A stray bracket or backslash is text: there is nothing better to do with it.
  return match === null
    ? { kind: 'atom', text: char, end: at + 1 }
    : { kind: 'atom', text: match[0], end: atom.lastIndex };
}

function delimited(text: string, open: number, close: string, kind: AddressToken['kind']): Lexeme {
  let out = '';
  let at = open + 1;
  for (; at < text.length && text.charAt(at) !== close; at++) {
    if (text.charAt(at) === '\\' && at + 1 < text.length) at++;
    out += text.charAt(at);
  }
  return { kind, text: out, end: at + 1 };
}

/** Comments nest (RFC 5322 §3.2.2); the text is what stands between the outer parentheses. */
function comment(text: string, open: number): Lexeme {
  let out = '';
  let depth = 1;
  let at = open + 1;
  for (; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '\\' && at + 1 < text.length) {
      out += text.charAt(++at);
      continue;
    }
    if (char === '(') depth++;
    if (char === ')' && --depth === 0) break;
    out += char;
  }
  return { kind: 'comment', text: out.trim(), end: at + 1 };
}
