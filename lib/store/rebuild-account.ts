import { type Id, idIsShared, idTimeMs } from '../base/ids.ts';
import { type Adoption, adoptions, ownMessages, type SharedMessages } from './adopt.ts';
import type { AccountPart, OverlayPart, ScriptPart } from './checkpoint-format.ts';
import { checkpointMailboxes } from './checkpoint-reader.ts';
import { decodeUser, type User } from './directory.ts';
import { encodeHead } from './head.ts';
import { WRITER_MS } from './keep.ts';
import { headKey, type LogLetter } from './keys.ts';
import type { MailStore } from './mail-store.ts';
import { foldMailbox } from './mailbox-fold.ts';
import type { MailboxView } from './mailbox-view.ts';
import { hold, summaries } from './messages.ts';
import { putOverlay } from './overlay.ts';
import type { PackedIds } from './packed-ids.ts';
import { type PieceRef, putPiece } from './pieces.ts';
import { headOnSnapshot, lostOf, RAISE, raisedView, withAppended } from './raise.ts';
import { repairGrants } from './sweep-grants.ts';
import { recounts } from './sweep-quota.ts';
import { keptGraves, rowsOf } from './sweep-rows.ts';
import { SweepRun } from './sweep-run.ts';
import { decodeTree, foldTree } from './tree-snapshot.ts';
import { type Binding, type DeletedMailbox, TreeView } from './tree-view.ts';

/** What became of one account. */
export interface Rebuilt {
  readonly mailboxes: number;
  readonly messages: number;
  /** Of these, messages that no checkpoint knew. */
  readonly adopted: number;
  /** Messages of the checkpoint whose objects are not there: they were purged after it. */
  readonly lost: number;
  /** Messages that no checkpoint knew, of an account without INBOX: kept, and in no mailbox. */
  readonly homeless: number;
}

const AT_ONCE = 32;

/** What the checkpoint and the listing of its space tell before anything is written. */
interface Survey {
  readonly account: AccountPart;
  readonly tree: TreeView;
  readonly scripts: ReadonlyMap<Id, Buffer>;
  readonly overlays: readonly OverlayPart[];
  readonly own: PackedIds;
  readonly adopted: readonly Adoption[];
  readonly mailboxes: ReadonlySet<Id>;
}

/**
 * Rebuilds an account from a checkpoint and the objects of its space (Rule 21). Safe to repeat until it has ended: the
 * directory entry, which {@link putUser} puts, comes last. Throws `FormatError` for a checkpoint that is not whole, before
 * anything is written.
 */
export async function rebuildAccount(
  store: MailStore,
  tree: Id,
  checkpoint: Id,
  shared: SharedMessages,
): Promise<Rebuilt & { readonly user: User }> {
  const survey = await surveyAccount(store, tree, checkpoint, shared);
  const { account, own } = survey;
  const user: User = { ...decodeUser(account.name, { r: 1, d: account.user }), rev: RAISE };
  const tally = { messages: 0, lost: 0 };
  for await (const { part, view } of checkpointMailboxes(store.ports.blobs, tree, checkpoint)) {
    const lost = await lostOf(store.context, view, own, shared);
    const adopted = survey.adopted.filter(({ mailbox }) => mailbox === part.id).map(({ message }) => message);
    const next = withAppended(raisedView(view, lost), adopted, store.clock.now());
    const { ref } = await foldMailbox(store.context, next, { limits: store.context.foldLimits });
    await holdAndSummarize(store, user, next);
    await putHead(store, 'M', part.id, user, tree, part.state === 'closed' ? 'closed' : 'open', next, ref);
    if (part.state !== 'closed') tally.messages += next.exists;
    tally.lost += lost.uids.size;
  }
  await rebuildTree(store, user, survey);
  for (const overlay of survey.overlays) await putOverlay(store.context, user.id, overlay.mailbox, overlay);
  const run = new SweepRun(store);
  await repairGrants(run, user);
  for (const { root, counted } of await recounts(run, user)) await store.quota.recount(root, user.space, counted);
  const homeless = survey.adopted.filter(({ mailbox }) => mailbox === undefined).length;
  const adopted = survey.adopted.length - homeless;
  return { user, mailboxes: survey.mailboxes.size, adopted, homeless, ...tally };
}

async function surveyAccount(store: MailStore, tree: Id, checkpoint: Id, shared: SharedMessages): Promise<Survey> {
  const { blobs } = store.ports;
  let account: AccountPart | undefined;
  const scripts = new Map<Id, Buffer>();
  const overlays: OverlayPart[] = [];
  const known = new Set<Id>();
  const mailboxes = new Set<Id>();
  // Expunged while the checkpoint was written: by a MOVE, perhaps, to a mailbox that had been read by then.
  const hidden = new Map<Id, Adoption>();
  const take = (part: AccountPart | ScriptPart | OverlayPart | { readonly kind: string }): void => {
    if (isKind(part, 'account')) account = part;
    else if (isKind(part, 'script')) scripts.set(part.piece, part.text);
    else if (isKind(part, 'overlay')) overlays.push(part);
  };
  for await (const { part, view } of checkpointMailboxes(blobs, tree, checkpoint, take)) {
    mailboxes.add(part.id);
    const beganMs = account?.timeMs ?? 0;
    for await (const rows of rowsOf(store.context, view)) {
      for (const { blob } of rows) if (idTimeMs(blob) >= beganMs - WRITER_MS) known.add(blob);
    }
    for (const { entry, uids } of keptGraves(view).filter(({ entry: { seq } }) => seq > part.beganSeq)) {
      for (const [uid, { blob, sizeBytes, internalDate }] of entry.rows) {
        const message = { blob, sizeBytes, internalDate, flags: { system: 0, keywords: [] } };
        if (uids.has(uid)) hidden.set(blob, { mailbox: part.id, message });
      }
    }
  }
  if (account === undefined) throw new Error('a checkpoint without an account was chosen');
  const view = decodeTree(tree, account.view, NO_PIECE);
  const own = await ownMessages(blobs, account.space);
  const sinceMs = account.timeMs - WRITER_MS;
  const adopted = await adoptions(
    blobs,
    account.space,
    sinceMs,
    candidates(own, shared.of(account.space)),
    known,
    view,
  );
  await strikeLive(store, tree, checkpoint, hidden);
  adopted.push(...hidden.values());
  return { account, tree: view, scripts, overlays, own, adopted, mailboxes };
}

/** Takes out of `hidden` what some mailbox of the checkpoint shows. */
async function strikeLive(store: MailStore, tree: Id, checkpoint: Id, hidden: Map<Id, Adoption>): Promise<void> {
  if (hidden.size === 0) return;
  for await (const { view } of checkpointMailboxes(store.ports.blobs, tree, checkpoint)) {
    for await (const rows of rowsOf(store.context, view)) {
      for (const { blob, expungedMs } of rows) if (expungedMs === undefined) hidden.delete(blob);
    }
  }
}

const NO_PIECE: PieceRef = { id: '0'.repeat(32) as Id, isObject: false };

function isKind<K extends string>(part: { readonly kind: string }, kind: K): part is Extract<AnyPart, { kind: K }> {
  return part.kind === kind;
}

type AnyPart = AccountPart | ScriptPart | OverlayPart;

function* candidates(own: PackedIds, shared: readonly Id[]): Generator<Id> {
  yield* own;
  yield* shared;
}

/** What stands beside the messages in the index: who holds the shared ones, and their summaries. */
async function holdAndSummarize(store: MailStore, { space }: User, view: MailboxView): Promise<void> {
  for await (const rows of rowsOf(store.context, view)) {
    for (let at = 0; at < rows.length; at += AT_ONCE) {
      const group = rows.slice(at, at + AT_ONCE).map(({ blob }) => blob);
      await Promise.all(group.filter(idIsShared).map((blob) => hold(store.context, space, blob)));
      await summaries(store.context, space, group);
    }
  }
}

async function rebuildTree(store: MailStore, user: User, { tree, scripts, mailboxes }: Survey): Promise<void> {
  const { state } = tree;
  const bindings = new Map<string, Binding>([...state.bindings].filter(([, { mailbox }]) => mailboxes.has(mailbox)));
  const deleted = new Map<Id, DeletedMailbox>([...state.deleted].filter(([id]) => mailboxes.has(id)));
  const texts = new Map<string, { readonly piece: PieceRef; readonly sizeBytes: number }>();
  for (const [name, { piece, sizeBytes }] of state.scripts) {
    const text = scripts.get(piece.id);
    if (text !== undefined) texts.set(name, { piece: await putPiece(store.context, 'T', state.id, text), sizeBytes });
  }
  const view = new TreeView({
    ...state,
    seq: state.seq + RAISE,
    bindings,
    deleted,
    scripts: texts,
    activeScript: texts.has(state.activeScript ?? '') ? state.activeScript : undefined,
    snapshotRef: undefined,
    retired: [],
    folded: [],
  });
  const { ref } = await foldTree(store.context, view);
  await putHead(store, 'T', state.id, user, user.id, 'open', view, ref);
}

async function putHead(
  store: MailStore,
  letter: LogLetter,
  id: Id,
  { space }: User,
  owner: Id,
  state: 'open' | 'closed',
  view: { readonly seq: number; headExtra(): Buffer },
  ref: PieceRef,
): Promise<void> {
  // Conditions of writers that are still about must fail.
  const there = await store.ports.index.get(headKey(letter, id));
  const rev = (typeof there?.r === 'number' ? there.r : 0) + RAISE;
  const head = { rev, state, space, owner, watchers: [], ...headOnSnapshot(view, ref) };
  await store.ports.index.put(headKey(letter, id), encodeHead(head, Buffer.alloc(0)));
}
