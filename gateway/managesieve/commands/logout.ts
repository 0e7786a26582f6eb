import type { Context } from '../context.ts';
import { ok, type Reply } from '../wire/write.ts';

/** LOGOUT (RFC 5804 §2.3). */
export async function logout(context: Context): Promise<Reply> {
  context.finish();
  return ok();
}
