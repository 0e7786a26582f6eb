import { StoreError, type StoreErrorCode } from '../../lib/store/errors.ts';
import { no, type Reply } from './reply.ts';
import type { PlainCode } from './wire/write/response-code.ts';

/** How each refusal of the store is told (RFC 9051 §7.1, RFC 5530 §3, RFC 7889 §4). */
const codes = {
  nonexistent: 'NONEXISTENT',
  'already-exists': 'ALREADYEXISTS',
  cannot: 'CANNOT',
  'special-use': 'USEATTR',
  'no-permission': 'NOPERM',
  'over-quota': 'OVERQUOTA',
  'too-many': 'LIMIT',
  'too-big': 'TOOBIG',
  'in-use': 'INUSE',
  'has-children': 'HASCHILDREN',
  gone: 'NONEXISTENT',
  expunged: 'EXPUNGEISSUED',
  unavailable: 'UNAVAILABLE',
  format: 'UNAVAILABLE',
} satisfies Record<StoreErrorCode, PlainCode>;

/** The answer to what the store refuses. What a disk or a service said has paths and names in it: not for clients. */
export function refusal(error: StoreError): Reply {
  const code = codes[error.code];
  const isInternal = code === 'UNAVAILABLE' && error.cause !== undefined;
  return no(isInternal ? 'Temporary failure, try again later' : error.message, code);
}

/** The same where the mailbox is a destination: one that does not exist could be created (RFC 9051 §7.1, TRYCREATE). */
export async function asDestination<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof StoreError && (error.code === 'nonexistent' || error.code === 'gone')) {
      throw new Refused(no(error.message, 'TRYCREATE'));
    }
    throw error;
  }
}

/** Ends a command with an answer that is no error of the store. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(reply.text);
    this.reply = reply;
  }
}

/** Octets that were announced cannot be sent: all that is left is to hang up. */
export class BrokenLiteral extends Error {
  override readonly name = 'BrokenLiteral';
}
