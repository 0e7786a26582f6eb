import type { Context } from '../context.ts';
import { ok, type Reply } from '../wire/write.ts';

/** UNAUTHENTICATE (RFC 5804 §2.14): the connection is for somebody else now. */
export async function unauthenticate(context: Context): Promise<Reply> {
  context.log.info('logged out');
  context.logOut();
  return ok();
}
