import { StoreError, type StoreErrorCode } from '../../lib/store/errors.ts';

/** How each refusal of the store is told (RFC 2449 §8, RFC 3206): a response code, or none. */
const codes = {
  nonexistent: 'SYS/PERM',
  'already-exists': undefined,
  cannot: undefined,
  'special-use': undefined,
  'no-permission': 'SYS/PERM',
  'over-quota': undefined,
  'too-many': undefined,
  'too-big': undefined,
  'in-use': 'IN-USE',
  'has-children': undefined,
  gone: 'SYS/PERM',
  expunged: undefined,
  unavailable: 'SYS/TEMP',
  format: 'SYS/PERM',
} satisfies Record<StoreErrorCode, string | undefined>;

/** Ends a command with an answer that is no error of the store. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: string | undefined;

  constructor(text: string, code?: string) {
    super(text);
    this.code = code;
  }
}

/** The answer to what the store refuses. What a disk or a service said has paths and names in it: not for clients. */
export function refusal(error: StoreError): Refused {
  const isInternal = error.code === 'unavailable' && error.cause !== undefined;
  return new Refused(isInternal ? 'Temporary failure, try again later' : error.message, codes[error.code]);
}

/** What the client is told of a failure; undefined when it is nobody's refusal but a bug. */
export function refusalOf(error: unknown): Refused | undefined {
  if (error instanceof Refused) return error;
  return error instanceof StoreError ? refusal(error) : undefined;
}
