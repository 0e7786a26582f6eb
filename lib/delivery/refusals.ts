import { StoreError, type StoreErrorCode } from '../store/errors.ts';
import type { Refusal, RefusalCode } from './ports.ts';

/** What a refused commit is to the sender. */
const REFUSALS = {
  nonexistent: 'unavailable',
  'already-exists': 'unavailable',
  cannot: 'unavailable',
  'special-use': 'unavailable',
  'no-permission': 'no-permission',
  'over-quota': 'over-quota',
  'too-many': 'too-many',
  'too-big': 'too-big',
  'in-use': 'unavailable',
  'has-children': 'unavailable',
  gone: 'unavailable',
  expunged: 'unavailable',
  unavailable: 'unavailable',
  format: 'unavailable',
} satisfies Record<StoreErrorCode, RefusalCode>;

/** What the sender is told of an error; undefined: that it is a temporary failure, and the log what it is. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof StoreError) || REFUSALS[error.code] === 'unavailable') return undefined;
  return refusal(REFUSALS[error.code], error.message);
}

export function refusal(code: RefusalCode, text: string): Refusal {
  return { ok: false, code, text };
}
