import type { PartialRange } from './wire/search-key.ts';

/** Those results that a PARTIAL names (RFC 9394 §3.1); none where it names none. */
export function inPartialRange<T>(all: readonly T[], { fromEnd, first, last }: PartialRange): T[] {
  return fromEnd
    ? all.slice(Math.max(0, all.length - last), Math.max(0, all.length - first + 1))
    : all.slice(first - 1, last);
}
