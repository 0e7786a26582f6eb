import { expunge } from '../../../lib/store/expunge.ts';
import { hasRight } from '../../../lib/store/rights.ts';
import type { Context } from '../context.ts';
import { ok, type Reply } from '../reply.ts';

/** CLOSE (RFC 9051 §6.4.1): expunges without a word, unless the mailbox is read-only or the right is missing. */
export async function close(context: Context): Promise<Reply> {
  const { open, readOnly } = context.selected;
  context.select(undefined);
  if (!readOnly && hasRight(open.rights, 'e')) await expunge(open);
  return ok();
}

/** UNSELECT (RFC 9051 §6.4.2): CLOSE that expunges nothing. */
export async function unselect(context: Context): Promise<Reply> {
  context.select(undefined);
  return ok();
}
