import { firstValue } from '../message/header.ts';

/** Header fields in which programs before us say what they think of a message; '' or none: nobody does. */
export interface VerdictFields {
  readonly spamField: string;
  /** The score that is spam without doubt. */
  readonly spamMax: number;
  readonly virusField: string;
}

/** What scripts are told of a message (RFC 5235). Of several fields of one name the first counts: the last that was added. */
export interface Verdicts {
  /** 0 to 100 */
  readonly spamPercent?: number;
  /** 1: no virus, 5: a virus. */
  readonly virus?: 1 | 2 | 3 | 4 | 5;
}

export function verdictsOf(header: Uint8Array, { spamField, spamMax, virusField }: VerdictFields): Verdicts {
  const spam = spamField === '' ? undefined : scoreOf(firstValue(header, spamField.toLowerCase()) ?? '');
  const virus = virusField === '' ? undefined : virusOf(firstValue(header, virusField.toLowerCase()) ?? '');
  return {
    ...(spam !== undefined && { spamPercent: Math.min(100, Math.max(0, (spam / spamMax) * 100)) }),
    ...(virus !== undefined && { virus }),
  };
}

/** The first number, as in `12.5` and `No, score=-0.1 required=5.0`, or how many stars there are. */
function scoreOf(value: string): number | undefined {
  const stars = /^\s*(\*+)\s*$/.exec(value)?.[1];
  if (stars !== undefined) return stars.length;
  const number = /(?:^|[\s=:(])([-+]?\d{1,6}(?:\.\d{1,6})?)/.exec(value)?.[1];
  return number === undefined ? undefined : Number(number);
}

const CLEAN = /^\s*(clean|no|none|false|ok)\b/i;
const INFECTED = /^\s*(infected|yes|true|found|virus)\b/i;

/** A number from 1 to 5, or a word that says yes or no. */
function virusOf(value: string): Verdicts['virus'] {
  const digit = /^\s*([1-5])\b/.exec(value)?.[1];
  if (digit !== undefined) return ([1, 2, 3, 4, 5] as const)[Number(digit) - 1];
  return CLEAN.test(value) ? 1 : INFECTED.test(value) ? 5 : undefined;
}
