import type { Context } from '../context.ts';
import { ok, type Reply } from '../reply.ts';

/** LOGOUT (RFC 9051 §6.1.3). */
export async function logout(context: Context): Promise<Reply> {
  context.select(undefined);
  context.bye('Logging out');
  return ok();
}
