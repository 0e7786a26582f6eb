import { createHash, randomBytes } from 'node:crypto';
import { type Id, idToBytes } from '../../lib/base/ids.ts';
import { StoreError } from '../../lib/store/errors.ts';
import type { Index, Item, Key } from '../../lib/store/ports.ts';
import { NONCE_BYTES } from '../../lib/store/record.ts';

/** Messages that were, or are about to be, appended by one commit. */
export interface Batch {
  readonly number: number;
  readonly rev: number;
  /** Of the commit's record: found in the mailbox, and the commit has happened. */
  readonly nonce: Buffer;
  /** The mailbox's seq before the commit. */
  readonly seq: number;
  readonly identities: readonly string[];
  readonly done: boolean;
}

const IDENTITY_BYTES = 16;

/**
 * What has been imported from one source into one mailbox, in the index beside the mailbox: a batch per commit.
 *
 * A batch is written down before its commit, under the next free number, with the nonce that the commit will have; after
 * the commit it is marked done. A run that dies in between leaves a batch that is not done; the next run looks for its
 * nonce in the mailbox and knows whether the commit has happened (Rule 13). If not, it commits the batch's messages under
 * the same nonce, so that even a commit that lands late, or another run that does the same, cannot double them. Messages
 * that are in no batch were not imported, whatever had been stored of them; the sweep takes that.
 *
 * Two runs at once: both want the next number, one gets it, and the other ends with `in-use`.
 */
export class ImportJournal {
  readonly #index: Index;
  readonly #mailbox: Id;
  readonly #source: Buffer;
  #next = 0;

  private constructor(index: Index, mailbox: Id, source: string) {
    this.#index = index;
    this.#mailbox = mailbox;
    this.#source = createHash('sha256').update(source).digest().subarray(0, 16);
  }

  /** Opens the journal; `batches` are those of earlier runs, oldest first. */
  static async open(
    index: Index,
    mailbox: Id,
    source: string,
  ): Promise<{ readonly journal: ImportJournal; readonly batches: readonly Batch[] }> {
    const journal = new ImportJournal(index, mailbox, source);
    const batches = await journal.#read();
    journal.#next = (batches.at(-1)?.number ?? -1) + 1;
    return { journal, batches };
  }

  /** Writes down a batch that is about to be committed. */
  async begin(identities: readonly string[], seq: number): Promise<Batch> {
    const batch = { number: this.#next, rev: 1, nonce: randomBytes(NONCE_BYTES), seq, identities, done: false };
    const key = this.#key(batch.number);
    const result = await this.#index.put(key, encodeBatch(batch), 'absent');
    // An answer that was lost: the nonce tells that it is ours.
    const ours =
      result.ok || (result.current !== undefined && decodeBatch(key.sk, result.current).nonce.equals(batch.nonce));
    if (!ours)
      throw new StoreError('in-use', 'another import of the same source is running: try again when it has ended');
    this.#next++;
    return batch;
  }

  /** Marks a batch as committed, with the messages that really were. */
  async end(batch: Batch, identities: readonly string[] = batch.identities): Promise<void> {
    const next = { ...batch, rev: batch.rev + 1, identities, done: true };
    await this.#index.put(this.#key(batch.number), encodeBatch(next), { rev: batch.rev });
  }

  async #read(): Promise<Batch[]> {
    const { pk, sk } = this.#key(0);
    const prefix = sk.subarray(0, this.#source.length);
    const batches: Batch[] = [];
    let after: Buffer | undefined;
    do {
      const page = await this.#index.query({ pk, prefix, ...(after && { after }) });
      for (const row of page.rows) batches.push(decodeBatch(row.sk, row.item));
      after = page.next;
    } while (after !== undefined);
    return batches;
  }

  /** `I#<mailbox>`, `<source 16 B><batch number>`. */
  #key(number: number): Key {
    const counter = Buffer.allocUnsafe(4);
    counter.writeUInt32BE(number);
    return {
      pk: Buffer.concat([Buffer.from('I#'), idToBytes(this.#mailbox)]),
      sk: Buffer.concat([this.#source, counter]),
    };
  }
}

function encodeBatch({ rev, nonce, seq, identities, done }: Batch): Item {
  return { r: rev, n: nonce, s: seq, m: Buffer.from(identities.join(''), 'latin1'), d: done ? 1 : 0 };
}

function decodeBatch(sk: Buffer, { r, n, s, m, d }: Item): Batch {
  if (typeof r !== 'number' || !(n instanceof Uint8Array) || typeof s !== 'number' || !(m instanceof Uint8Array)) {
    throw new StoreError('format', 'a batch of an import journal is not readable');
  }
  const packed = Buffer.from(m).toString('latin1');
  const identities = Array.from({ length: packed.length / IDENTITY_BYTES }, (_, i) =>
    packed.slice(i * IDENTITY_BYTES, (i + 1) * IDENTITY_BYTES),
  );
  return { number: sk.readUInt32BE(sk.length - 4), rev: r, nonce: Buffer.from(n), seq: s, identities, done: d === 1 };
}
