import { setSubscribed } from '../../../lib/store/names.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { ok, type Reply } from '../reply.ts';

/** SUBSCRIBE and UNSUBSCRIBE (RFC 9051 §6.3.7, §6.3.8): the mailbox need not exist. */
export async function subscribe(context: Context, { name, mailbox }: CommandOf<'SUBSCRIBE'>): Promise<Reply> {
  await setSubscribed(context.account, mailbox, name === 'SUBSCRIBE');
  return ok();
}
