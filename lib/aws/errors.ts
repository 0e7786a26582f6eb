import { StoreError } from '../store/errors.ts';

/**
 * What an SDK error says of the request. `refused`: surely not applied, try again. `unsure`: perhaps applied. `unwell`: will
 * not get better by trying again soon. `bug`: the request is wrong.
 */
export type Verdict = 'refused' | 'unsure' | 'unwell' | 'bug';

const REFUSED = new Set([
  // S3: another request for the same key is under way.
  'ConditionalRequestConflict',
  'OperationAborted',
  // SQS
  'KmsThrottled',
  'OverLimit',
  'RequestThrottled',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'SlowDown',
  'ThrottlingException',
  'TransactionConflictException',
  // Strongly consistent global tables: another region is writing the item (Rule 22).
  'ReplicatedWriteConflictException',
]);
const UNWELL = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'CredentialsProviderError',
  'ExpiredTokenException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'InvalidAccessKeyId',
  'KMSAccessDeniedException',
  'KmsAccessDenied',
  'NoSuchBucket',
  'QueueDoesNotExist',
  'ResourceNotFoundException',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);
/** S3 gave up waiting for the body (400). */
const UNSURE = new Set(['RequestTimeout']);
/** Redirected to another region, not let in: answers to HEAD have a status and no name. */
const UNWELL_STATUS = new Set([301, 307, 401, 403]);
const NOT_SENT = new Set(['EAI_AGAIN', 'ECONNREFUSED', 'ENOTFOUND']);

/** Judges an error thrown by a client of the SDK, whatever the service. */
export function verdictOf(error: unknown): Verdict {
  if (!(error instanceof Error)) return 'bug';
  if (REFUSED.has(error.name)) return 'refused';
  if (UNWELL.has(error.name)) return 'unwell';
  if (UNSURE.has(error.name)) return 'unsure';
  const code = 'code' in error ? String(error.code) : '';
  if (NOT_SENT.has(code)) return 'refused';
  const status = statusOf(error);
  if (status === 429) return 'refused';
  if (status !== undefined && UNWELL_STATUS.has(status)) return 'unwell';
  if (status !== undefined) return status >= 500 ? 'unsure' : 'bug';
  // No answer at all: a time-out, a reset connection, an answer cut off.
  return code !== '' || error.name === 'TimeoutError' || error.name === 'AbortError' ? 'unsure' : 'bug';
}

/** The store's word for an error that did not go away. */
export function unavailable(error: unknown, doing: string): StoreError {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new StoreError('unavailable', `${doing}: ${text}`, { cause: error });
}

/** The HTTP status of an answer that was an error; undefined when there was no answer. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error && '$metadata' in error)) return undefined;
  return (error.$metadata as { readonly httpStatusCode?: number }).httpStatusCode;
}
