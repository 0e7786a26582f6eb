import type { Id } from '../base/ids.ts';
import { appendTo, type MessageToAppend } from './append.ts';
import { reopenMailbox } from './delete-mailbox.ts';
import type { User } from './directory.ts';
import { StoreError } from './errors.ts';
import { decodeHead } from './head.ts';
import { headKey } from './keys.ts';
import type { MailStore } from './mail-store.ts';
import type { KeptExpunged } from './mailbox-snapshot.ts';
import { decodeCounts, type MailboxView } from './mailbox-view.ts';
import { checkName } from './names.ts';
import { recounts } from './sweep-quota.ts';
import { keptGraves, rowsOf, withMailbox } from './sweep-rows.ts';
import { SweepRun } from './sweep-run.ts';
import { bindRecord, forgetDeletedRecord } from './tree-records.ts';
import type { TreeView } from './tree-view.ts';

/** A mailbox that was deleted and can be brought back (Rule 9). */
export interface DeletedThing {
  readonly name: string;
  /** When the mailbox, or the newest of the messages, was deleted. */
  readonly timeMs: number;
  readonly messages: number;
}

/** Deleted mailboxes of a user that are still there, newest first. */
export async function deletedMailboxes(store: MailStore, user: User): Promise<readonly DeletedThing[]> {
  const { view } = await store.tree(user.tree).refresh();
  const deleted = [...unboundOf(view)].sort(([, a], [, b]) => b.timeMs - a.timeMs);
  const items = await store.ports.index.batchGet(deleted.map(([id]) => headKey('M', id)));
  return deleted.flatMap(([, { name, timeMs }], i) => {
    const item = items[i];
    // Without a head the sweep has begun to remove it.
    return item === undefined ? [] : [{ name, timeMs, messages: decodeCounts(decodeHead(item).extra).exists }];
  });
}

/** Mailboxes of a user that have expunged messages which are still there. A moved message is among them at its source. */
export async function expungedMessages(store: MailStore, user: User): Promise<readonly DeletedThing[]> {
  const { view } = await store.tree(user.tree).refresh();
  const found: DeletedThing[] = [];
  for (const [name, { mailbox }] of view.state.bindings) {
    const graves = keptGraves((await store.mailbox(mailbox).refresh()).view);
    const messages = graves.reduce((sum, { uids }) => sum + uids.size, 0);
    const timeMs = graves.reduce((newest, { entry }) => Math.max(newest, entry.timeMs), 0);
    if (messages > 0) found.push({ name, timeMs, messages });
  }
  return found;
}

function* unboundOf({ state }: TreeView): Generator<[Id, { readonly name: string; readonly timeMs: number }]> {
  const bound = new Set([...state.bindings.values()].map(({ mailbox }) => mailbox));
  for (const entry of state.deleted) if (!bound.has(entry[0])) yield entry;
}

/**
 * Brings back the mailbox that was deleted last under the name, as `to`: its messages, UIDs and flags, with a new
 * UIDVALIDITY and no rights but the owner's. `nonexistent`: none is there (any more); `already-exists`: `to` is taken.
 */
export async function undeleteMailbox(store: MailStore, user: User, name: string, to = name): Promise<void> {
  checkName(to);
  const tree = store.tree(user.tree);
  const { view } = await tree.refresh();
  requireFree(view, to);
  const candidates = [...unboundOf(view)].filter(([, deleted]) => deleted.name === name);
  const [newest] = candidates.sort(([, a], [, b]) => b.timeMs - a.timeMs);
  if (newest === undefined) throw new StoreError('nonexistent', `no mailbox ${name} was deleted lately`);
  const [id] = newest;
  try {
    // First of all: from then on the sweep leaves it.
    await reopenMailbox(store, id);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'gone') throw error;
    throw new StoreError('nonexistent', `the mailbox ${name} has been removed for good`, { cause: error });
  }
  await tree.commit((now) => {
    if (now.binding(to)?.mailbox === id) return { reply: undefined };
    requireFree(now, to);
    return { record: bindRecord({ name: to, mailbox: id, specialUse: [], acl: new Map() }), reply: undefined };
  });
  await tree.commit(({ state }) =>
    state.deleted.has(id) ? { record: forgetDeletedRecord([id]), reply: undefined } : { reply: undefined },
  );
  // Its messages may count still, or not any more, by whether the sweep has come by.
  await store.quota.flush();
  for (const { root, counted } of await recounts(new SweepRun(store), user)) {
    await store.quota.recount(root, user.space, counted);
  }
}

function requireFree(view: TreeView, name: string): void {
  if (view.binding(name) !== undefined) {
    throw new StoreError('already-exists', `there is a mailbox ${name}: give the other one another name`);
  }
}

const AT_ONCE = 1000;

/**
 * Brings back what was expunged from a mailbox since the time and is in no mailbox of the account: under new UIDs, without
 * flags and annotations. Answers how many.
 */
export async function undeleteMessages(store: MailStore, user: User, name: string, sinceMs = 0): Promise<number> {
  const tree = store.tree(user.tree);
  const { view } = await tree.refresh();
  const binding = view.binding(name);
  if (binding === undefined) throw new StoreError('nonexistent', `there is no mailbox ${name}`);
  const mailbox = store.mailbox(binding.mailbox);
  const wanted = new Map<Id, KeptExpunged>();
  for (const one of await mailbox.keptExpunged()) if (one.timeMs >= sinceMs) wanted.set(one.row.blob, one);
  await strikeLive(store, view, wanted);
  const all = [...wanted.values()].sort((a, b) => a.uid - b.uid);
  let brought = 0;
  for (let at = 0; at < all.length; at += AT_ONCE) {
    const group = all.slice(at, at + AT_ONCE);
    const { reply } = await mailbox.commit((now) => {
      const messages = stillKept(now, group);
      if (messages.length === 0) return { reply: { count: 0, bytes: 0 } };
      const bytes = messages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      return { record: appendTo(now, messages, false).record, reply: { count: messages.length, bytes } };
    });
    store.quota.add(view.quotaRootOf(name)?.root, user.space, reply.bytes, reply.count);
    brought += reply.count;
  }
  return brought;
}

/** Those that the sweep has not purged meanwhile: their objects are there until it has looked at every head again (Rule 10). */
function stillKept(view: MailboxView, group: readonly KeptExpunged[]): MessageToAppend[] {
  const graves = keptGraves(view);
  const kept = group.filter(({ uid }) => graves.some(({ uids }) => uids.has(uid)));
  return kept.map(({ row: { blob, sizeBytes, internalDate } }) => {
    return { blob, sizeBytes, internalDate, flags: { system: 0, keywords: [] } };
  });
}

/** Takes out what some mailbox of the account shows: it was moved, or copied, or brought back before. */
async function strikeLive(store: MailStore, tree: TreeView, wanted: Map<Id, KeptExpunged>): Promise<void> {
  if (wanted.size === 0) return;
  for (const { mailbox } of tree.state.bindings.values()) {
    await withMailbox(store.context, mailbox, async (_head, view) => {
      for await (const rows of rowsOf(store.context, view)) {
        for (const { blob, expungedMs } of rows) if (expungedMs === undefined) wanted.delete(blob);
      }
    });
  }
}
