import { StoreError } from '../store/errors.ts';

/**
 * What an SDK error says of the request. `refused`: surely not applied, try again. `unsure`: perhaps applied. `unwell`: will
 * not get better by trying again soon. `bug`: the request is wrong.
 */
export type Verdict = 'refused' | 'unsure' | 'unwell' | 'bug';

const REFUSED = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TransactionConflictException',
  // Strongly consistent global tables: another region is writing the item (Rule 22).
  'ReplicatedWriteConflictException',
]);
const UNWELL = new Set([
  'AccessDeniedException',
  'CredentialsProviderError',
  'ExpiredTokenException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'KMSAccessDeniedException',
  'ResourceNotFoundException',
  'UnrecognizedClientException',
]);
const NOT_SENT = new Set(['EAI_AGAIN', 'ECONNREFUSED', 'ENOTFOUND']);

/** Judges an error thrown by a client of the SDK. */
export function verdictOf(error: unknown): Verdict {
  if (!(error instanceof Error)) return 'bug';
  if (REFUSED.has(error.name)) return 'refused';
  if (UNWELL.has(error.name)) return 'unwell';
  const code = 'code' in error ? String(error.code) : '';
  if (NOT_SENT.has(code)) return 'refused';
  const status = statusOf(error);
  if (status !== undefined) return status >= 500 ? 'unsure' : 'bug';
  // No answer at all: a time-out, a reset connection, an answer cut off.
  return code !== '' || error.name === 'TimeoutError' || error.name === 'AbortError' ? 'unsure' : 'bug';
}

/** The store's word for an error that did not go away. */
export function unavailable(error: unknown, doing: string): StoreError {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new StoreError('unavailable', `${doing}: ${text}`, { cause: error });
}

function statusOf(error: Error): number | undefined {
  if (!('$metadata' in error)) return undefined;
  return (error.$metadata as { readonly httpStatusCode?: number }).httpStatusCode;
}
