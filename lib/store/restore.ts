import { type Id, idIsShared, idTimeMs } from '../base/ids.ts';
import { type Adoption, adoptions, ownMessages, SharedMessages } from './adopt.ts';
import { mailboxesOf } from './checkpoint.ts';
import { Directory, type User } from './directory.ts';
import { StoreError } from './errors.ts';
import { encodeHead, type Head } from './head.ts';
import { WRITER_MS } from './keep.ts';
import { HOLDERS, headKey, type LogLetter, MESSAGES, PIECES, RECONSTRUCT, RESTORE, SHARED_MESSAGES } from './keys.ts';
import { catchUp, withHead } from './log-reader.ts';
import type { MailStore } from './mail-store.ts';
import { foldMailbox } from './mailbox-fold.ts';
import { hold, summaries } from './messages.ts';
import { headOnSnapshot, type Lost, lostOf, RAISE, raisedView, withAppended } from './raise.ts';
import { recounts } from './sweep-quota.ts';
import { rowsOf, withMailbox } from './sweep-rows.ts';
import { SWEEP_HOLD, SweepRun } from './sweep-run.ts';
import { foldTree, treeType } from './tree-snapshot.ts';
import { TreeView } from './tree-view.ts';
import { UidSet } from './uid-set.ts';

export interface RestoreOptions {
  /** Of when the index is, milliseconds since 1970. */
  readonly pointMs: number;
  /** Messages whose objects are gone leave their mailboxes; else they stay, and cannot be read. */
  readonly dropLost?: boolean;
  /** Called after each account. */
  readonly onProgress?: (user: string, tally: RestoreTally) => void;
}

export interface RestoreTally {
  accounts: number;
  mailboxes: number;
  /** Messages newer than the index that have a mailbox again. */
  adopted: number;
  /** Messages of the index whose objects are gone: purged since. */
  lost: number;
  /** Newer messages of accounts without INBOX. */
  homeless: number;
  /** Objects that had been deleted since, and are there again: messages, pieces, holders. */
  broughtBack: number;
}

/** Where objects are that the index names. */
const NAMED_BY_THE_INDEX = [MESSAGES, SHARED_MESSAGES, HOLDERS, PIECES];

const NOTHING_LOST: Lost = { uids: UidSet.empty, sizeBytes: 0, expunged: UidSet.empty };

/**
 * Makes an index that was put back to an earlier time fit to be served (Rule 21): what it names and was deleted since is
 * brought back, where the store keeps it; newer messages go to the mailbox they
 * were put into, or to INBOX, and every `uidNext`, seq and modseq is raised, so that no number a client has seen is used
 * twice. Nobody may serve meanwhile, and nothing is swept. After it was cut short it may be run again: numbers are raised
 * again, which does no harm, and no message comes twice.
 */
export async function restore(store: MailStore, options: RestoreOptions): Promise<RestoreTally> {
  const holds = await begin(store, options);
  const tally: RestoreTally = { accounts: 0, mailboxes: 0, adopted: 0, lost: 0, homeless: 0, broughtBack: 0 };
  for (const prefix of NAMED_BY_THE_INDEX) {
    tally.broughtBack += (await store.ports.blobs.bringBack?.(prefix, options.pointMs)) ?? 0;
  }
  const sinceMs = options.pointMs - WRITER_MS;
  const shared = await SharedMessages.read(store.ports.blobs, sinceMs);
  for await (const user of new Directory(store.ports.index).list()) {
    await restoreAccount(store, user, shared, sinceMs, options.dropLost === true, tally);
    tally.accounts++;
    options.onProgress?.(user.name, tally);
  }
  if (holds) await store.ports.index.delete(SWEEP_HOLD);
  await store.ports.index.delete(RESTORE);
  return tally;
}

/** Answers whether this holds the sweep; somebody else may. */
async function begin({ ports: { index }, clock }: MailStore, { pointMs }: RestoreOptions): Promise<boolean> {
  if (pointMs > clock.now()) throw new StoreError('cannot', 'the time of the index lies in the future');
  if ((await index.get(RECONSTRUCT)) !== undefined) {
    throw new StoreError('in-use', 'the index is being rebuilt: run cirrus reconstruct until it ends');
  }
  const marker = await index.get(RESTORE);
  if (marker !== undefined) return marker.h === 1;
  const held = await index.put(SWEEP_HOLD, { r: 1, t: clock.now() }, 'absent');
  await index.put(RESTORE, { r: 1, t: pointMs, h: held.ok ? 1 : 0 }, 'absent');
  return held.ok;
}

async function restoreAccount(
  store: MailStore,
  user: User,
  shared: SharedMessages,
  sinceMs: number,
  dropLost: boolean,
  tally: RestoreTally,
): Promise<void> {
  const { context } = store;
  const { blobs } = store.ports;
  const view = await raiseTree(store, user);
  const own = await ownMessages(blobs, user.space);
  const known = new Set<Id>();
  const missing = new Map<Id, Lost>();
  for (const id of mailboxesOf(view)) {
    await withMailbox(context, id, async (_head, mailbox) => {
      missing.set(id, await lostOf(context, mailbox, own, shared));
      for await (const rows of rowsOf(context, mailbox)) {
        for (const { blob } of rows) if (idTimeMs(blob) >= sinceMs) known.add(blob);
      }
    });
  }
  const candidates = [...own, ...shared.of(user.space)].filter((id) => idTimeMs(id) >= sinceMs);
  const newer = await adoptions(blobs, user.space, sinceMs, candidates, known, view);
  for (const { message } of newer) {
    if (idIsShared(message.blob)) await hold(context, user.space, message.blob);
    await summaries(context, user.space, [message.blob]);
  }
  for (const [id, lost] of missing) {
    await raiseMailbox(store, id, dropLost ? lost : NOTHING_LOST, newer);
    tally.mailboxes++;
    tally.lost += lost.uids.size;
  }
  const homeless = newer.filter(({ mailbox }) => mailbox === undefined).length;
  tally.homeless += homeless;
  tally.adopted += newer.length - homeless;
  for (const { root, counted } of await recounts(new SweepRun(store), user)) {
    await store.quota.recount(root, user.space, counted);
  }
}

async function raiseTree(store: MailStore, user: User): Promise<TreeView> {
  const { context } = store;
  const raised = await withHead(context, 'T', user.tree, async (head) => {
    const { view } = await catchUp(context, treeType(context), user.tree, head, undefined);
    const next = new TreeView({ ...view.state, seq: view.seq + RAISE });
    const { ref } = await foldTree(context, next);
    await moveHead(store, 'T', user.tree, head, headOnSnapshot(next, ref));
    return next;
  });
  if (raised === undefined) throw new StoreError('nonexistent', `the tree of ${user.name} is not there`);
  return raised;
}

async function raiseMailbox(store: MailStore, id: Id, lost: Lost, newer: readonly Adoption[]): Promise<void> {
  await withMailbox(store.context, id, async (head, view) => {
    const adopted = newer.filter(({ mailbox }) => mailbox === id).map(({ message }) => message);
    const next = withAppended(raisedView(view, lost), adopted, store.clock.now());
    const { ref } = await foldMailbox(store.context, next, { limits: store.context.foldLimits });
    await moveHead(store, 'M', id, head, headOnSnapshot(next, ref));
  });
}

/** Whoever still has the head of before must fail to write it. */
async function moveHead(
  store: MailStore,
  letter: LogLetter,
  id: Id,
  before: Head,
  change: ReturnType<typeof headOnSnapshot>,
): Promise<void> {
  const next: Head = { ...before, ...change, rev: before.rev + RAISE, watchers: [] };
  const item = encodeHead(next, Buffer.alloc(0));
  const result = await store.ports.index.put(headKey(letter, id), item, { rev: before.rev });
  if (!result.ok && result.current?.r !== next.rev) {
    throw new StoreError('in-use', 'somebody writes to the index: stop every server first');
  }
}
