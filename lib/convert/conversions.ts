import { TEXT_PARAMS } from './text.ts';

/** From which media type to which, and what can be asked of it (RFC 5259 §5.2). */
export interface Conversion {
  readonly from: string;
  readonly to: string;
  readonly params: readonly string[];
}

/** How wide and how high a picture may be, in pixels (RFC 2534 §3.1). */
export const IMAGE_PARAMS = ['pix-x', 'pix-y'] as const;

export const conversions: readonly Conversion[] = [
  { from: 'text/plain', to: 'text/plain', params: TEXT_PARAMS },
  { from: 'text/html', to: 'text/plain', params: TEXT_PARAMS },
  ...['image/jpeg', 'image/png', 'image/gif', 'image/webp'].flatMap((from) =>
    ['image/jpeg', 'image/png'].map((to) => ({ from, to, params: IMAGE_PARAMS })),
  ),
];

/** Those whose ends are as asked: a type, `image/*`, or `*` (RFC 5259 §5.1). */
export function conversionsBetween(from: string, to: string): Conversion[] {
  const isMeant = (asked: string, type: string): boolean => {
    const lower = asked.toLowerCase();
    return lower === '*' || lower === type || (lower.endsWith('/*') && type.startsWith(lower.slice(0, -1)));
  };
  return conversions.filter((one) => isMeant(from, one.from) && isMeant(to, one.to));
}

/** What a part becomes when the client leaves that to us (RFC 5259 §6); undefined: nothing. */
export function defaultTarget(from: string): string | undefined {
  return conversions.find((one) => one.from === from)?.to;
}
