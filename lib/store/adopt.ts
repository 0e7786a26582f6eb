import { type Id, idTimeMs } from '../base/ids.ts';
import type { MessageToAppend } from './append.ts';
import { type BlobOrigin, decodeSpaces, readOrigin } from './blob-origin.ts';
import { type FlagNames, parseFlagNames } from './flag-names.ts';
import { holdersBlobKey, MESSAGES, messageBlobKey, SHARED_MESSAGES } from './keys.ts';
import { PackedIds } from './packed-ids.ts';
import type { Blobs } from './ports.ts';
import { idOfBlobKey, LIST_BLOBS } from './sweep-run.ts';
import { INBOX, type TreeView } from './tree-view.ts';

/** A message of which no mailbox knows, and the mailbox that takes it; undefined: there is none that could. */
export interface Adoption {
  readonly mailbox: Id | undefined;
  readonly message: MessageToAppend;
}

/** Ids of the messages that a space has of its own, ascending. */
export function ownMessages(blobs: Blobs, space: Id): Promise<PackedIds> {
  return listIds(blobs, `${MESSAGES}${space}/`);
}

async function listIds(blobs: Blobs, prefix: string): Promise<PackedIds> {
  const ids = new PackedIds();
  let from: string | undefined;
  do {
    const page = await blobs.list(prefix, from, LIST_BLOBS);
    for (const { key } of page.blobs) {
      const id = idOfBlobKey(key);
      if (id !== undefined) ids.add(id);
    }
    from = page.next;
  } while (from !== undefined);
  return ids;
}

const AT_ONCE = 32;

/** Shared messages: all that there are, and the newer ones by the spaces that hold them. */
export class SharedMessages {
  readonly #ids: PackedIds;
  readonly #newer: ReadonlyMap<Id, readonly Id[]>;

  private constructor(ids: PackedIds, newer: ReadonlyMap<Id, readonly Id[]>) {
    this.#ids = ids;
    this.#newer = newer;
  }

  /** Reads what every shared message since the time says of its spaces: some 50 bytes a space and message. */
  static async read(blobs: Blobs, sinceMs: number): Promise<SharedMessages> {
    const ids = await listIds(blobs, SHARED_MESSAGES);
    const newer = new Map<Id, Id[]>();
    let group: Id[] = [];
    const look = async (): Promise<void> => {
      const found = await Promise.all(group.map((id) => holdersOf(blobs, id)));
      for (const [i, id] of group.entries()) {
        for (const space of found[i] ?? []) newer.set(space, [...(newer.get(space) ?? []), id]);
      }
      group = [];
    };
    for (const id of ids) {
      if (idTimeMs(id) < sinceMs) continue;
      group.push(id);
      if (group.length >= AT_ONCE) await look();
    }
    await look();
    return new SharedMessages(ids, newer);
  }

  has(id: Id): boolean {
    return this.#ids.has(id);
  }

  /** Those since the time of {@link read} that the space holds. */
  of(space: Id): readonly Id[] {
    return this.#newer.get(space) ?? [];
  }
}

async function holdersOf(blobs: Blobs, id: Id): Promise<readonly Id[]> {
  const info = await blobs.info(messageBlobKey(id, id));
  if (info === undefined) return [];
  const origin = readOrigin(info.metadata);
  const list = origin.hasMoreSpaces ? await blobs.get(holdersBlobKey(id)) : undefined;
  return (list === undefined ? undefined : decodeSpaces(list)) ?? origin.spaces;
}

/**
 * What came into a space since the time and is not `known`: what was put into a mailbox that there is goes there, all else
 * to INBOX (Rule 21).
 */
export async function adoptions(
  blobs: Blobs,
  space: Id,
  sinceMs: number,
  candidates: Iterable<Id>,
  known: ReadonlySet<Id>,
  tree: TreeView,
): Promise<Adoption[]> {
  const wanted: Id[] = [];
  for (const id of candidates) if (idTimeMs(id) >= sinceMs && !known.has(id)) wanted.push(id);
  wanted.sort();
  const bound = new Set([...tree.state.bindings.values()].map(({ mailbox }) => mailbox));
  const inbox = tree.binding(INBOX)?.mailbox;
  const found: Adoption[] = [];
  for (let at = 0; at < wanted.length; at += AT_ONCE) {
    const group = wanted.slice(at, at + AT_ONCE);
    const infos = await Promise.all(group.map((id) => blobs.info(messageBlobKey(space, id))));
    for (const [i, blob] of group.entries()) {
      const info = infos[i];
      if (info === undefined) continue;
      const origin = readOrigin(info.metadata);
      const mailbox = origin.mailbox !== undefined && bound.has(origin.mailbox) ? origin.mailbox : inbox;
      const internalDate = origin.internalDate ?? Math.floor(idTimeMs(blob) / 1000);
      found.push({ mailbox, message: { blob, sizeBytes: info.sizeBytes, internalDate, flags: flagsOf(origin) } });
    }
  }
  return found;
}

function flagsOf({ flags }: BlobOrigin): FlagNames {
  try {
    return parseFlagNames(flags);
  } catch {
    return { system: 0, keywords: [] };
  }
}
