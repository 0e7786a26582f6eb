import { fold } from '../../message/fold.ts';
import type { Extension } from '../definition.ts';
import type { Comparator } from '../match.ts';

/** RFC 4790 §9.3: octets of UTF-8. */
export const octet: Comparator = {
  name: 'i;octet',
  fold: (text) => text,
  equal: (a, b) => a === b,
  order: byOctets,
  substrings: true,
};

/** RFC 4790 §9.2: the letters A to Z are as a to z, nothing else changes. */
export const asciiCasemap: Comparator = {
  name: 'i;ascii-casemap',
  fold: asciiLower,
  equal: (a, b) => a === b || (a.length === b.length && asciiLower(a) === asciiLower(b)),
  // The collation maps to upper case, which matters for the characters between "Z" and "a".
  order: (a, b) => byOctets(asciiUpper(a), asciiUpper(b)),
  substrings: true,
};

/** RFC 4790 §9.1: the number at the beginning; what begins with no digit is larger than every number. */
const asciiNumeric: Comparator = {
  name: 'i;ascii-numeric',
  fold: leadingDigits,
  equal: (a, b) => leadingDigits(a) === leadingDigits(b),
  order: (a, b) => numericOrder(leadingDigits(a), leadingDigits(b)),
  substrings: false,
};

/** RFC 5051. */
const unicodeCasemap: Comparator = {
  name: 'i;unicode-casemap',
  fold,
  equal: (a, b) => fold(a) === fold(b),
  order: (a, b) => byOctets(fold(a), fold(b)),
  substrings: true,
};

/** One capability for each comparator: `comparator-` and its name (RFC 5228 §2.7.3). */
export const comparators: readonly Extension[] = [octet, asciiCasemap, asciiNumeric, unicodeCasemap].map(
  (comparator) => ({ capability: `comparator-${comparator.name}`, comparators: [comparator] }),
);

/** The order of two numbers written in digits, without leading zeros; the empty string is infinity. */
export function numericOrder(a: string, b: string): number {
  if (a === '' || b === '') return (a === '' ? 1 : 0) - (b === '' ? 1 : 0);
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The digits a text begins with, without leading zeros. */
export function leadingDigits(text: string): string {
  return /^0*([0-9]+)/.exec(text)?.[1] ?? '';
}

function byOctets(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The letters A to Z as a to z. */
export function asciiLower(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text.toLowerCase() : text.replace(/[A-Z]+/g, (run) => run.toLowerCase());
}

/** The letters a to z as A to Z. */
export function asciiUpper(text: string): string {
  return text.replace(/[a-z]+/g, (run) => run.toUpperCase());
}
