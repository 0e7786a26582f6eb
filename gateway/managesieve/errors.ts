import type { StoreError, StoreErrorCode } from '../../lib/store/errors.ts';
import { type Code, no, type Reply } from './wire/write.ts';

/** How each refusal of the store is told (RFC 5804 §1.3). */
const codes = {
  nonexistent: 'NONEXISTENT',
  'already-exists': 'ALREADYEXISTS',
  cannot: undefined,
  'special-use': undefined,
  'no-permission': undefined,
  'over-quota': 'QUOTA',
  'too-many': 'QUOTA/MAXSCRIPTS',
  'too-big': 'QUOTA/MAXSIZE',
  'in-use': 'ACTIVE',
  'has-children': undefined,
  gone: 'TRYLATER',
  expunged: undefined,
  unavailable: 'TRYLATER',
  format: 'TRYLATER',
} satisfies Record<StoreErrorCode, Code | undefined>;

/** The answer to what the store refuses. What a disk or a service said has paths and names in it: not for clients. */
export function refusal(error: StoreError): Reply {
  const code = codes[error.code];
  const isInternal = code === 'TRYLATER' && error.cause !== undefined;
  return no(isInternal ? 'Temporary failure, try again later' : error.message, code);
}
