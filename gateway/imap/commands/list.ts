import { accountPrefix } from '../../../lib/store/account.ts';
import type { NameOrder } from '../../../lib/store/list-names.ts';
import { hasRight, shownRights } from '../../../lib/store/rights.ts';
import { mailboxStatuses } from '../../../lib/store/status.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { namesMatching } from '../list-pattern.ts';
import { type SeenName, seenNames } from '../referrals.ts';
import { ok, type Reply } from '../reply.ts';
import { myRights } from '../wire/write/acl.ts';
import { listed, status as statusLine } from '../wire/write/response.ts';
import { enableCondstore } from './enable.ts';
import { writeListMetadata } from './metadata.ts';
import { deletedStorage, personalStatus, recentFrom, statusValues } from './status.ts';

/** A name to be listed. */
interface Line {
  readonly row: SeenName;
  /** Meets the selection options, and is not only above one that does. */
  readonly isSelected: boolean;
  /** It does not meet the selection options itself, or not only it: something below does (RFC 5258 §3.5). */
  readonly childInfo: boolean;
}

/** Mailboxes whose heads are read together. */
const STATUS_BATCH = 100;

/** LIST (RFC 9051 §6.3.9; RFC 5258, RFC 5819, RFC 6154, RFC 8440, RFC 9590). */
export async function list(context: Context, command: CommandOf<'LIST'>): Promise<Reply> {
  const { reference, patterns, extended } = command;
  const { names } = context;
  if (!extended && patterns[0] === '') {
    // RFC 3501 §6.3.8: an empty pattern asks for the separator.
    context.write(
      listed('LIST', { attributes: ['\\Noselect'], delimiter: names.separator, name: '' }, context.dialect),
    );
    return ok();
  }
  const rows = await seenNames(context, command.select.includes('REMOTE'));
  const matchers = patterns.map((pattern) => namesMatching(names, reference, pattern));
  if (command.status?.includes('HIGHESTMODSEQ')) enableCondstore(context);
  let batch: SeenName[] = [];
  const isAsked = (name: string): boolean => matchers.some((matches) => matches(name));
  for (const { row, isSelected, childInfo } of linesOf(rows, command, names, isAsked)) {
    await context.breathe();
    if (!isAsked(row.name)) continue;
    const attributes = attributesOf(row, command, context.style.rev2 || extended);
    const info = childInfo ? { childInfo: childInfoOf(command) } : {};
    context.write(listed('LIST', { attributes, delimiter: names.separator, name: row.name, ...info }, context.dialect));
    // RFC 5819 §3, RFC 8440 §4, RFC 9590 §4: of what is listed for its children alone nothing more is told.
    if (!isSelected) continue;
    if (command.returns.includes('MYRIGHTS') && row.mailbox !== undefined) {
      context.write(myRights(row.name, shownRights(row.rights), context.dialect));
    }
    if (command.metadata !== undefined && row.mailbox !== undefined && /[rswip]/.test(row.rights)) {
      await writeListMetadata(context, row.name, command.metadata);
    }
    if (command.status === null) continue;
    batch.push(row);
    if (batch.length < STATUS_BATCH) continue;
    await writeStatuses(context, batch, command);
    batch = [];
  }
  await writeStatuses(context, batch, command);
  return ok();
}

/**
 * The names that meet the selection options, and with RECURSIVEMATCH those above them, unless all below them that meet the
 * options are listed themselves (RFC 5258 §3.5).
 */
function linesOf(
  rows: readonly SeenName[],
  { select }: CommandOf<'LIST'>,
  names: NameOrder,
  isAsked: (name: string) => boolean,
): readonly Line[] {
  const subscribed = select.includes('SUBSCRIBED');
  const selected = rows.filter((row) => {
    if (subscribed && !row.isSubscribed) return false;
    if (select.includes('SPECIAL-USE') && row.specialUse.length === 0) return false;
    // A name that is only subscribed is no mailbox; one that is above others is worth knowing.
    return subscribed || row.mailbox !== undefined || row.hasChildren || row.isRemote;
  });
  if (!select.includes('RECURSIVEMATCH')) return selected.map((row) => ({ row, isSelected: true, childInfo: false }));
  const namesAbove = (below: readonly SeenName[]): ReadonlySet<string> => {
    const above = new Set<string>();
    for (const { name } of below) {
      for (let at = names.parentOf(name); at !== undefined && !above.has(at); at = names.parentOf(at)) above.add(at);
    }
    return above;
  };
  const above = namesAbove(selected);
  const lines = new Map<string, Line>();
  for (const row of selected) lines.set(row.name, { row, isSelected: true, childInfo: above.has(row.name) });
  const known = new Map(rows.map((row) => [row.name, row]));
  for (const name of namesAbove(selected.filter((row) => !isAsked(row.name)))) {
    const nobody = { name, mailbox: undefined, hasChildren: true, isSubscribed: false, specialUse: [], rights: '' };
    if (!lines.has(name)) lines.set(name, { row: known.get(name) ?? nobody, isSelected: false, childInfo: true });
  }
  return [...lines.values()];
}

/** RFC 9051 §7.3.1; what a client that knows no \NonExistent is told is \Noselect. */
function attributesOf(row: SeenName, { select, returns, status }: CommandOf<'LIST'>, modern: boolean): string[] {
  const attributes: string[] = [];
  // RFC 5258 §4: \Remote.
  if (row.isRemote) attributes.push('\\Remote');
  else if (row.mailbox === undefined) attributes.push(modern ? '\\NonExistent' : '\\Noselect');
  // RFC 5819 §2: of what may not be read there is no STATUS.
  else if (status !== null && !hasRight(row.rights, 'r')) attributes.push('\\Noselect');
  attributes.push(row.hasChildren ? '\\HasChildren' : '\\HasNoChildren');
  const showsSubscribed = select.includes('SUBSCRIBED') || returns.includes('SUBSCRIBED');
  if (showsSubscribed && row.isSubscribed) attributes.push('\\Subscribed');
  return [...attributes, ...row.specialUse];
}

function childInfoOf({ select }: CommandOf<'LIST'>): string[] {
  return select.filter((option) => option === 'SUBSCRIBED' || option === 'SPECIAL-USE');
}

/** RFC 5819: the STATUS of each mailbox that can be selected. */
async function writeStatuses(
  context: Context,
  rows: readonly SeenName[],
  { status }: CommandOf<'LIST'>,
): Promise<void> {
  const readable = rows.flatMap(({ name, mailbox, rights }) =>
    mailbox !== undefined && hasRight(rights, 'r') ? [{ name, mailbox }] : [],
  );
  if (readable.length === 0 || status === null) return;
  const { store } = context.options;
  const found = await mailboxStatuses(
    store.ports.index,
    readable.map(({ mailbox }) => mailbox),
  );
  for (const [i, { name, mailbox }] of readable.entries()) {
    const one = found[i];
    if (one === undefined) continue;
    const needsBinding = status.includes('UIDVALIDITY');
    const uidValidity = needsBinding ? await uidValidityOf(context, name) : 0;
    // \Seen there may be the user's own (Rule 16).
    const seen = accountPrefix(name) !== '' ? await personalStatus(await context.account.open(name), one, status) : one;
    const values = statusValues(status, seen, uidValidity, mailbox, context.options.maxMessageBytes);
    if (status.includes('RECENT')) {
      const from = await recentFrom(context, mailbox, one.seq);
      const { view } = await store.mailbox(mailbox).refresh();
      values.set('RECENT', view.exists - view.countBelow(from));
    }
    if (status.includes('DELETED-STORAGE')) {
      values.set('DELETED-STORAGE', await deletedStorage(store.mailbox(mailbox), one));
    }
    context.write(statusLine(name, [...values], context.dialect));
    await context.breathe();
  }
}

async function uidValidityOf(context: Context, name: string): Promise<number> {
  const place = await context.account.locate(name);
  const view = place.tree.cached?.view ?? (await place.tree.refresh()).view;
  return view.binding(place.path)?.uidValidity ?? 0;
}
