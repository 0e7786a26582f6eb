import type { User } from './directory.ts';
import type { Findings } from './doctor-findings.ts';
import { examineLog, isDamaged, type Pending } from './doctor-mailbox.ts';
import type { Head } from './head.ts';
import type { LogContext } from './log.ts';
import { catchUp, withHead } from './log-reader.ts';
import { treeType } from './tree-snapshot.ts';
import { INBOX, type TreeView } from './tree-view.ts';

const MAX_UIDVALIDITY = 2 ** 32 - 1;

/** Examines a user's tree; answers its view, or undefined when there is none to go on with. */
export async function examineTree(context: LogContext, user: User, findings: Findings): Promise<TreeView | undefined> {
  const where = `${user.name} tree`;
  const found = await withHead(context, 'T', user.tree, async (head) => {
    const pending = await examineLog(context, 'T', user.tree, head, where);
    if (isDamaged(pending)) return { view: undefined, pending };
    const { view } = await catchUp(context, treeType(context), user.tree, head, undefined);
    pending.push(...checkHead(user, head, view, where), ...checkBindings(user, view));
    return { view, pending };
  });
  if (found === undefined) {
    findings.add('tree-missing', where, `tree ${user.tree} has no head`);
    return undefined;
  }
  for (const one of found.pending) findings.add(...one);
  return found.view;
}

function checkHead(user: User, head: Head, view: TreeView, where: string): Pending[] {
  const pending: Pending[] = [];
  if (head.owner !== user.id || head.space !== user.space) {
    pending.push(['mailbox-owner', where, `the tree is of user ${head.owner}, space ${head.space}`]);
  }
  if (!head.extra.equals(view.headExtra())) {
    pending.push(['head-differs', where, 'the head leads to another INBOX or quota than the tree']);
  }
  if (head.state !== 'open') pending.push(['tree-missing', where, `the tree is ${head.state}`]);
  return pending;
}

function checkBindings(user: User, view: TreeView): Pending[] {
  const pending: Pending[] = [];
  const names = new Map<string, string>();
  for (const [name, { mailbox, uidValidity }] of view.state.bindings) {
    const where = `${user.name} ${name}`;
    const other = names.get(mailbox);
    if (other !== undefined) pending.push(['bound-twice', where, `the same mailbox as ${other}`]);
    names.set(mailbox, name);
    const past = view.state.pastUidValidity.get(name) ?? 0;
    const isValid = uidValidity > past && uidValidity <= Math.min(MAX_UIDVALIDITY, view.state.lastUidValidity);
    if (!isValid) pending.push(['uidvalidity', where, `UIDVALIDITY ${uidValidity}; the name has had ${past}`]);
  }
  if (view.binding(INBOX) === undefined) {
    const code = view.state.bindings.size === 0 ? 'no-mailboxes' : 'no-inbox';
    pending.push([code, user.name, 'the user has no INBOX']);
  }
  return pending;
}
