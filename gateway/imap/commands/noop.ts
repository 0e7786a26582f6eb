import type { Context } from '../context.ts';
import { ok, type Reply } from '../reply.ts';

/** NOOP and CHECK (RFC 9051 §6.1.2, RFC 3501 §6.4.1): one look at the mailbox; what is new is told at the end. */
export async function noop(context: Context): Promise<Reply> {
  if (context.hasSelected) await context.selected.poll();
  return ok();
}
