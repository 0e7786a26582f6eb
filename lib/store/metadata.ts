import { type Account, nonexistent, noPermission, type Place } from './account.ts';
import { findCommons, makeCommons } from './commons.ts';
import { StoreError } from './errors.ts';
import { SPECIAL_USES } from './names.ts';
import { messageAnnotationBytes, requireAnnotationQuota } from './quota-roots.ts';
import { hasRight } from './rights.ts';
import { mailboxStatuses } from './status.ts';
import { annotateRecord, annotationKey, specialUseRecord } from './tree-records.ts';
import type { Binding, TreeView } from './tree-view.ts';

/** Limits of annotations: the value of one, and how many a mailbox, or the server, has for each user and for all. */
export const MAX_METADATA_BYTES = 16 * 1024;
export const MAX_METADATA_ENTRIES = 100;
export const MAX_ENTRY_NAME_BYTES = 250;

/** An entry's name, e.g. `/shared/comment`, and its value. */
export type MetadataEntry = readonly [entry: string, value: string];

const VENDOR = '/shared/vendor/cmu/cyrus-imapd/';

/** Entries that the store answers itself. */
const COMPUTED = ['size', 'lastupdate', 'partition', 'uniqueid'].map((name) => `${VENDOR}${name}`);
const SPECIAL_USE = '/private/specialuse';

/** Where a mailbox's or, for '', the server's annotations are, and which of them this user may see. */
interface Subject {
  readonly place: Place;
  readonly view: TreeView;
  readonly binding: Binding | undefined;
  readonly rights: string;
}

/** Why a name cannot be an entry's (RFC 5464 §3.2); undefined: it can. */
export function entryProblem(entry: string): string | undefined {
  if (!/^\/(private|shared)\/./.test(entry)) return 'begins with neither /private/ nor /shared/';
  if (/\/\/|\/$/.test(entry)) return 'has an empty part';
  if (!/^[\x20-\x7e]*$/.test(entry) || /[*%]/.test(entry)) return 'has a character that is not allowed';
  return entry.length > MAX_ENTRY_NAME_BYTES ? `is longer than ${MAX_ENTRY_NAME_BYTES} bytes` : undefined;
}

/** Every annotation that the user can see of a mailbox, or with '' of the server (RFC 5464 §4.2), by entry. */
export async function metadataOf(account: Account, name: string): Promise<ReadonlyMap<string, string>> {
  if (name === '') return serverMetadata(account);
  const { place, view, binding } = await readable(account, name);
  const found = new Map(annotationsOf(account, view, place.path));
  if (binding === undefined) return found;
  if (place.isOwner && binding.specialUse.length > 0) found.set(SPECIAL_USE, binding.specialUse.join(' '));
  const [status] = await mailboxStatuses(account.store.ports.index, [binding.mailbox]);
  if (status === undefined) return found;
  found.set(`${VENDOR}size`, String(status.bytes));
  if (status.lastAppendMs > 0) found.set(`${VENDOR}lastupdate`, new Date(status.lastAppendMs).toISOString());
  found.set(`${VENDOR}partition`, 'default');
  found.set(`${VENDOR}uniqueid`, binding.mailbox);
  return found;
}

async function serverMetadata(account: Account): Promise<ReadonlyMap<string, string>> {
  const own = annotationsOf(account, (await account.tree.refresh()).view, '').filter(([entry]) => isPrivate(entry));
  const commons = await findCommons(account.store);
  if (commons === undefined) return new Map(own);
  const { view } = await account.store.tree(commons.tree).refresh();
  return new Map([...own, ...annotationsOf(account, view, '').filter(([entry]) => !isPrivate(entry))]);
}

/**
 * Sets, or with undefined removes, annotations (RFC 5464 §4.3); all are looked at before the first is set. Errors:
 * `no-permission`, `too-big` and `too-many` for the named limits, `over-quota`, `cannot`.
 */
export async function setMetadata(
  account: Account,
  name: string,
  changes: readonly (readonly [entry: string, value: string | undefined])[],
): Promise<void> {
  const subject = name === '' ? undefined : await readable(account, name);
  for (const [entry, value] of changes) {
    const problem = entryProblem(entry);
    if (problem !== undefined) throw new StoreError('cannot', `the entry ${problem}`);
    if (Buffer.byteLength(value ?? '') > MAX_METADATA_BYTES) {
      throw new StoreError('too-big', `a value has at most ${MAX_METADATA_BYTES} bytes`);
    }
    if (subject === undefined) mayChangeServer(account, entry);
    else mayChange(account, subject, entry, value);
  }
  // RFC 5464 §4.3: when one cannot be set, none is. What goes makes room for what comes.
  const ordered = [...changes].sort(([, a], [, b]) => Number(a !== undefined) - Number(b !== undefined));
  const path = subject?.place.path ?? '';
  const placed: Placed[] = [];
  for (const [entry, value] of ordered) {
    placed.push({ tree: subject?.place.tree ?? (await serverTree(account, entry)), entry, value });
  }
  await requireAllFit(account, path, placed);
  for (const { tree, entry, value } of placed) {
    if (entry === SPECIAL_USE && subject !== undefined) {
      const record = specialUseRecord(path, value === undefined || value === '' ? [] : value.split(' '));
      await tree.commit(() => ({ record, reply: undefined }));
      continue;
    }
    const key = storedEntry(account, entry);
    await tree.commit((view) => {
      const before = view.state.annotations.get(annotationKey(path, key));
      if (before === value) return { reply: undefined };
      if (before === undefined) requireRoom(account, view, path, 1);
      return { record: annotateRecord(path, key, value), reply: undefined };
    });
  }
}

interface Placed {
  readonly tree: Place['tree'];
  readonly entry: string;
  readonly value: string | undefined;
}

/** Looks at number and quota of all that a command sets before the first is set. */
async function requireAllFit(account: Account, path: string, placed: readonly Placed[]): Promise<void> {
  for (const tree of new Set(placed.map((one) => one.tree))) {
    const { view } = await tree.refresh();
    let [more, grows] = [0, false];
    for (const { entry, value } of placed.filter((one) => one.tree === tree)) {
      const before = view.state.annotations.get(annotationKey(path, storedEntry(account, entry)));
      more += Number(value !== undefined) - Number(before !== undefined);
      grows ||= (value?.length ?? 0) > (before?.length ?? 0);
    }
    if (more > 0) requireRoom(account, view, path, more);
    if (grows) requireAnnotationQuota(view, path, await messageAnnotationBytes(account.store, view, path));
  }
}

async function serverTree(account: Account, entry: string): Promise<Place['tree']> {
  return isPrivate(entry) ? account.tree : account.store.tree((await makeCommons(account.store)).tree);
}

/** Shared annotations of the server are administrators' (RFC 5464 §5). */
function mayChangeServer(account: Account, entry: string): void {
  if (!isPrivate(entry) && !(account.isAdmin && !account.user.name.includes('@'))) throw noPermission();
}

function mayChange(account: Account, { place, view, rights }: Subject, entry: string, value: string | undefined): void {
  if (COMPUTED.includes(entry)) throw noPermission();
  const isAdmin = account.administers(place.owner);
  // What Cyrus' own entries say changes what the server does with everybody's mail in the mailbox.
  if (entry.startsWith(VENDOR) && !hasRight(rights, 'a')) throw noPermission();
  if (!isPrivate(entry) && !/[swip]/.test(rights) && !isAdmin) throw noPermission();
  if (entry !== SPECIAL_USE) return;
  if (!place.isOwner) throw noPermission();
  const uses = value?.split(' ') ?? [];
  const unknown = uses.find((use) => use !== '' && !SPECIAL_USES.includes(use));
  if (unknown !== undefined) throw new StoreError('special-use', `special use ${unknown} is not supported`);
  const isTaken = [...view.state.bindings].some(
    ([path, { specialUse }]) => path !== place.path && specialUse.some((use) => uses.includes(use)),
  );
  if (isTaken) throw new StoreError('special-use', 'another mailbox has the special use');
}

function requireRoom(account: Account, view: TreeView, path: string, more: number): void {
  if (annotationsOf(account, view, path).length + more <= MAX_METADATA_ENTRIES) return;
  throw new StoreError('too-many', `a mailbox has at most ${MAX_METADATA_ENTRIES} annotations`);
}

/** RFC 5464 §3.3: with l, and one of r, s, w, i and p; administrators always. */
async function readable(account: Account, name: string): Promise<Subject> {
  const place = await account.locate(name);
  const { view } = await place.tree.refresh();
  const binding = view.binding(place.path);
  const rights = binding === undefined ? '' : account.rights(place, binding);
  if (binding === undefined || !hasRight(rights, 'l')) throw nonexistent();
  if (!/[rswip]/.test(rights) && !account.administers(place.owner)) throw noPermission();
  return { place, view, binding, rights };
}

/** What the tree has for a name, as this user names it: of private entries only the own. */
export function annotationsOf(account: Account, view: TreeView, path: string): MetadataEntry[] {
  const [prefix, own] = [annotationKey(path, ''), `/private:${account.user.id}/`];
  const found: MetadataEntry[] = [];
  for (const [key, value] of view.state.annotations) {
    if (!key.startsWith(prefix)) continue;
    const entry = key.slice(prefix.length);
    if (entry.startsWith('/shared/')) found.push([entry, value]);
    else if (entry.startsWith(own)) found.push([`/private/${entry.slice(own.length)}`, value]);
  }
  return found;
}

/** Private entries are kept under the user, who may be one of many in the mailbox. */
function storedEntry(account: Account, entry: string): string {
  return entry.replace(/^\/private\//, `/private:${account.user.id}/`);
}

function isPrivate(entry: string): boolean {
  return entry.startsWith('/private/');
}
