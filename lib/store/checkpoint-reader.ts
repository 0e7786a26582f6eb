import { FormatError } from '../base/bytes.ts';
import { type Id, idToBytes } from '../base/ids.ts';
import type { AnnotationGroup } from './annotation-records.ts';
import {
  type AccountPart,
  type CheckpointPart,
  type ColumnsPart,
  decodeCheckpoint,
  type MailboxPart,
} from './checkpoint-format.ts';
import { DELETED, FlagSets, SEEN } from './flag-sets.ts';
import { checkpointKey } from './keys.ts';
import { decodeAnnotations, withAnnotations } from './mailbox-annotations.ts';
import { type Block, type ColdColumns, type ColdRow, lastUid, lowerBound } from './mailbox-block.ts';
import { chainOf, decodeCold, decodeExpunged, decodeHot } from './mailbox-columns.ts';
import { emptyMailbox } from './mailbox-snapshot.ts';
import { MailboxView } from './mailbox-view.ts';
import type { Blobs } from './ports.ts';
import { UidSet } from './uid-set.ts';

/** The parts of a checkpoint. `FormatError` when it is not whole, or not there. */
export async function* readCheckpoint(blobs: Blobs, tree: Id, id: Id): AsyncGenerator<CheckpointPart, void, undefined> {
  const pieces = await blobs.stream(checkpointKey(tree, id));
  if (pieces === undefined) throw new FormatError(`checkpoint ${id} is not there`);
  yield* decodeCheckpoint(pieces);
}

/** Whose a checkpoint is, and of when. */
export async function readAccountPart(blobs: Blobs, tree: Id, id: Id): Promise<AccountPart> {
  for await (const part of readCheckpoint(blobs, tree, id)) {
    if (part.kind === 'account' && part.tree === tree) return part;
    break;
  }
  throw new FormatError(`checkpoint ${id} does not begin with the account ${tree}`);
}

/** A mailbox as a checkpoint has it; the view rests on no snapshot and has all its columns. */
export interface CheckpointMailbox {
  readonly part: MailboxPart;
  readonly view: MailboxView;
}

/** The mailboxes of a checkpoint, one at a time; `other` gets the parts that are of none. */
export async function* checkpointMailboxes(
  blobs: Blobs,
  tree: Id,
  id: Id,
  other: (part: CheckpointPart) => void = () => undefined,
): AsyncGenerator<CheckpointMailbox, void, undefined> {
  let builder: MailboxBuilder | undefined;
  for await (const part of readCheckpoint(blobs, tree, id)) {
    if (isColumns(part)) {
      if (builder === undefined) throw new FormatError('columns of no mailbox');
      builder.take(part.kind, part.packed);
      continue;
    }
    if (builder !== undefined) yield builder.finish();
    builder = part.kind === 'mailbox' ? new MailboxBuilder(part) : undefined;
    if (part.kind !== 'mailbox') other(part);
  }
}

function isColumns(part: CheckpointPart): part is ColumnsPart {
  return part.kind === 'hot' || part.kind === 'cold' || part.kind === 'expunged' || part.kind === 'annotations';
}

/** Puts a mailbox together from its columns, which come in the order hot, cold, expunged, annotations, each ascending by UID. */
class MailboxBuilder {
  readonly #part: MailboxPart;
  readonly #flagSets = new FlagSets();
  readonly #blocks: Block[] = [];
  readonly #graves = new Map<number, ColdRow>();
  readonly #annotated: AnnotationGroup[] = [];
  #expunged: ReturnType<typeof decodeExpunged> = [];
  #block = 0;
  #filled = 0;
  #bytes = 0;

  constructor(part: MailboxPart) {
    this.#part = part;
  }

  take(kind: ColumnsPart['kind'], packed: Buffer): void {
    if (kind === 'hot') {
      for (const block of decodeHot(packed, this.#flagSets)) {
        this.#blocks.push({ ...block, cold: { columns: noRows(block.uids.length) } });
      }
    } else if (kind === 'cold') for (const [uid, row] of decodeCold(packed)) this.#fill(uid, row);
    else if (kind === 'expunged') this.#expunged = decodeExpunged(packed);
    else {
      for (const [uid, values] of decodeAnnotations(packed)) {
        this.#annotated.push({ uids: UidSet.fromSorted([uid]), values });
      }
    }
  }

  finish(): CheckpointMailbox {
    const { id, seq, uidNext, lastAppendMs, keywords } = this.#part;
    let [exists, unseen, deleted] = [0, 0, 0];
    for (const { uids, flags } of this.#blocks) {
      exists += uids.length;
      for (const index of flags) {
        const system = this.#flagSets.systemAt(index);
        if ((system & SEEN) === 0) unseen++;
        if ((system & DELETED) !== 0) deleted++;
      }
    }
    if (this.#filled !== exists) throw new FormatError(`mailbox ${id}: data of ${exists - this.#filled} messages`);
    const expunged = this.#expunged.map((entry) => {
      const rows = [...entry.uids].map((uid) => [uid, this.#graves.get(uid)] as const);
      return {
        ...entry,
        rows: new Map(rows.flatMap(([uid, row]) => (row === undefined ? [] : [[uid, row] as const]))),
      };
    });
    const view = new MailboxView({
      ...emptyMailbox(id).state,
      seq,
      uidNext,
      exists,
      unseen,
      deleted,
      bytes: this.#bytes,
      lastAppendMs,
      blocks: this.#blocks,
      flagSets: this.#flagSets,
      keywords,
      expunged: chainOf(expunged),
    });
    if (this.#annotated.length === 0) return { part: this.#part, view };
    const annotated = withAnnotations(view.state, { seq, groups: this.#annotated }, (uid) => view.has(uid));
    return { part: this.#part, view: new MailboxView({ ...view.state, ...annotated }) };
  }

  #fill(uid: number, row: ColdRow): void {
    while (this.#block < this.#blocks.length && lastUid(this.#blocks[this.#block] as Block) < uid) this.#block++;
    const block = this.#blocks[this.#block];
    const at = block === undefined ? -1 : lowerBound(block.uids, uid);
    const columns = block?.cold.columns;
    if (columns === undefined || block?.uids[at] !== uid) {
      this.#graves.set(uid, row);
      return;
    }
    columns.blobs.set(idToBytes(row.blob), at * 16);
    columns.sizes[at] = row.sizeBytes;
    columns.internalDates[at] = row.internalDate;
    columns.savedDates[at] = row.savedDate;
    this.#filled++;
    this.#bytes += row.sizeBytes;
  }
}

function noRows(rows: number): ColdColumns {
  return {
    blobs: Buffer.alloc(rows * 16),
    sizes: new Float64Array(rows),
    internalDates: new Float64Array(rows),
    savedDates: new Float64Array(rows),
  };
}
