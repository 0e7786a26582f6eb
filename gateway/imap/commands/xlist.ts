import { INBOX } from '../../../lib/store/tree-view.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { namesMatching } from '../list-pattern.ts';
import { seenNames } from '../referrals.ts';
import { ok, type Reply } from '../reply.ts';
import { listed } from '../wire/write/response.ts';

/** What XLIST called the special uses that RFC 6154 calls otherwise. */
const OLD_USES: Readonly<Record<string, string>> = {
  '\\All': '\\AllMail',
  '\\Flagged': '\\Starred',
  '\\Junk': '\\Spam',
};

/**
 * XLIST (Gmail's, before RFC 6154): LIST with special uses, INBOX among them. Old clients ask for it unseen; it is not announced,
 * so that others take LIST.
 */
export async function xlist(context: Context, { reference, pattern }: CommandOf<'XLIST'>): Promise<Reply> {
  const { names } = context;
  const delimiter = names.separator;
  if (pattern === '') {
    context.write(listed('XLIST', { attributes: ['\\Noselect'], delimiter, name: '' }, context.dialect));
    return ok();
  }
  const matches = namesMatching(names, reference, pattern);
  for (const { name, mailbox, hasChildren, specialUse } of await seenNames(context, false)) {
    await context.breathe();
    // A name that is only subscribed is no mailbox.
    if ((mailbox === undefined && !hasChildren) || !matches(name)) continue;
    const attributes = [
      ...(mailbox === undefined ? ['\\Noselect'] : []),
      hasChildren ? '\\HasChildren' : '\\HasNoChildren',
      ...(name === INBOX ? ['\\Inbox'] : []),
      ...specialUse.map((use) => OLD_USES[use] ?? use),
    ];
    context.write(listed('XLIST', { attributes, delimiter, name }, context.dialect));
  }
  return ok();
}
