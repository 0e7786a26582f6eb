import type { OpenMailbox } from '../store/account.ts';
import { type Block, coldRowAt, firstUid, isGoneAt, lastUid } from '../store/mailbox-block.ts';
import type { MailboxView } from '../store/mailbox-view.ts';
import type { MessageRef } from '../store/summary-pieces.ts';
import type { UidSet } from '../store/uid-set.ts';
import { type GistCache, loadGists } from './gist-cache.ts';
import type { KeyCache } from './key-cache.ts';
import { type KeyRows, Keys } from './key-columns.ts';
import { TextNumbers } from './text-numbers.ts';

/** Messages that are put in order, ascending by UID, as columns: there may be hundreds of thousands. */
export interface Sortables {
  readonly uids: Uint32Array;
  /** INTERNALDATE, seconds since 1970. */
  readonly internalDates: Float64Array;
  readonly sizes: Float64Array;
  /** Undefined only where no key asks for it. */
  readonly keys: Keys | undefined;
  /** RFC 6203 §4: 1 to 100; only where it is asked for. */
  readonly relevancy?: ReadonlyMap<number, number> | undefined;
  /** RFC 5257 §4.9: the folded value of one annotation of a message; only where it is asked for. */
  readonly annotation?: ((uid: number, asked: AnnotationAsked) => string) | undefined;
}

/** Which annotation messages are ordered by. */
export interface AnnotationAsked {
  readonly entry: string;
  readonly scope: 'private' | 'shared';
}

/** What keys are made of and kept in. */
interface KeySources {
  readonly keys: KeyCache;
  readonly gists: GistCache;
}

/**
 * The messages with what they are ordered by; those whose data are gone are left out. `sources`: where keys are asked for.
 * `breathe` is called between pieces of work and may throw to end it.
 */
export async function loadSortables(
  { open, view }: { readonly open: OpenMailbox; readonly view: MailboxView },
  uids: UidSet,
  sources: KeySources | undefined,
  breathe: () => Promise<void>,
): Promise<Sortables> {
  await open.mailbox.loadCold(view, uids);
  const parts = rowsOf(view, uids);
  const keys = sources && (await loadKeys(sources, { open, view }, parts, breathe));
  const count = parts.reduce((sum, { rows }) => sum + rows.length, 0);
  const found = new Uint32Array(count);
  const [internalDates, sizes] = [new Float64Array(count), new Float64Array(count)];
  let at = 0;
  for (const { block, rows } of parts) {
    const { columns } = block.cold;
    for (const row of rows) {
      found[at] = block.uids[row] as number;
      internalDates[at] = columns?.internalDates[row] ?? 0;
      sizes[at++] = columns?.sizes[row] ?? 0;
    }
  }
  return { uids: found, internalDates, sizes, keys };
}

interface BlockRows {
  readonly block: Block;
  readonly rows: Uint32Array;
}

/** What is gone is in no result (RFC 2180 §4.3). */
function rowsOf(view: MailboxView, set: UidSet): BlockRows[] {
  const parts: BlockRows[] = [];
  for (const block of view.state.blocks) {
    const { columns } = block.cold;
    if (columns === undefined || !set.intersects(firstUid(block), lastUid(block))) continue;
    const isWhole = set.covers(firstUid(block), lastUid(block));
    const rows = new Uint32Array(block.uids.length);
    let count = 0;
    for (let row = 0; row < rows.length; row++) {
      if ((isWhole || set.has(block.uids[row] as number)) && !isGoneAt(columns, row)) rows[count++] = row;
    }
    parts.push({ block, rows: rows.subarray(0, count) });
  }
  return parts;
}

async function loadKeys(
  { keys: cache, gists }: KeySources,
  where: { readonly open: OpenMailbox; readonly view: MailboxView },
  parts: readonly BlockRows[],
  breathe: () => Promise<void>,
): Promise<Keys> {
  if (parts.length === 0) return new Keys(new TextNumbers(), []);
  const keys = cache.of(where.open.mailbox.id);
  const found: KeyRows[] = [];
  for (const { block, rows } of parts) {
    const columns = keys.of(block);
    found.push({ columns, rows });
    const missing = rows.filter((row) => columns.known[row] === 0);
    if (missing.length === 0) continue;
    const made = await loadGists(gists, where, refsOf(block, missing), breathe);
    for (const [i, row] of missing.entries()) keys.fill(columns, row, made[i]);
  }
  return new Keys(keys.numbers, found);
}

function refsOf({ uids, cold }: Block, rows: Uint32Array): MessageRef[] {
  return Array.from(rows, (row) => {
    const data = cold.columns && coldRowAt(cold.columns, row);
    if (data === undefined) throw new Error('rows without data are left out');
    return { uid: uids[row] as number, blob: data.blob };
  });
}
