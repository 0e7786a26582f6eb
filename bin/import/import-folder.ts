import type { OpenMailbox } from '../../lib/store/account.ts';
import { appendTo, countAppended, type MessageToAppend, requireQuota } from '../../lib/store/append.ts';
import { appendedOrigin } from '../../lib/store/blob-origin.ts';
import { AlreadyCommitted, type Base } from '../../lib/store/commit-plan.ts';
import { findCommitted } from '../../lib/store/committed-before.ts';
import { parseFlagNames } from '../../lib/store/flag-names.ts';
import { MAX_KEYWORDS } from '../../lib/store/flag-sets.ts';
import type { MailboxView } from '../../lib/store/mailbox-view.ts';
import { storeMessage } from '../../lib/store/messages.ts';
import { type Batch, ImportJournal } from './journal.ts';
import { importLimits } from './limits.ts';
import type { SourceFolder, SourceMessage } from './source.ts';

/** What became of a folder's messages. */
export interface Imported {
  readonly imported: number;
  /** By an earlier run. */
  readonly before: number;
  /** Went away while they were to be read; another run may find them under another name. */
  readonly vanished: number;
  /** Keywords beyond what a mailbox can have: their messages come without them. */
  readonly keywordsLost: number;
}

/** A message that is stored and waits for its UID. */
interface Ready {
  readonly identity: string;
  readonly message: MessageToAppend;
}

/** Imports a folder into an opened mailbox; a run after one that was cut short goes on where that ended. */
export async function importFolder(
  open: OpenMailbox,
  folder: SourceFolder,
  progress: (done: number) => void,
): Promise<Imported> {
  const importer = await Importer.begin(open, folder);
  let group: SourceMessage[] = [];
  let groupBytes = 0;
  const flush = async (): Promise<void> => {
    await importer.add(group);
    group = [];
    groupBytes = 0;
  };
  for await (const message of folder.messages()) {
    progress(folder.weight(message));
    if (await importer.isKnown(message)) continue;
    if (groupBytes + message.sizeBytes > importLimits.batchBytes && group.length > 0) await flush();
    group.push(message);
    groupBytes += message.sizeBytes;
    if (group.length >= importLimits.batchMessages) await flush();
  }
  await flush();
  return importer.finish();
}

class Importer {
  readonly #open: OpenMailbox;
  readonly #journal: ImportJournal;
  readonly #before = new Set<string>();
  /** Batches of an earlier run that were not committed, by message; and their messages as they are found. */
  readonly #unfinished = new Map<string, { readonly batch: Batch; readonly found: SourceMessage[] }>();
  readonly #keywords: Set<string>;
  readonly #keywordsLost = new Set<string>();
  #counts = { imported: 0, before: 0, vanished: 0 };
  /** The commit under way while the next messages are stored. */
  #committing: Promise<void> = Promise.resolve();

  private constructor(open: OpenMailbox, journal: ImportJournal, view: MailboxView) {
    this.#open = open;
    this.#journal = journal;
    this.#keywords = new Set(view.state.keywords.map((name) => name.toLowerCase()));
  }

  static async begin(open: OpenMailbox, folder: SourceFolder): Promise<Importer> {
    const { journal, batches } = await ImportJournal.open(open.store.ports.index, open.mailbox.id, folder.source);
    const base = await open.mailbox.refresh();
    const importer = new Importer(open, journal, base.view);
    for (const batch of batches) {
      const committed = batch.done || (await isCommitted(open, batch)(base));
      if (committed && !batch.done) await journal.end(batch);
      if (committed) for (const identity of batch.identities) importer.#before.add(identity);
      else importer.#expect(batch);
    }
    return importer;
  }

  #expect(batch: Batch): void {
    const waiting = { batch, found: [] };
    for (const identity of batch.identities) this.#unfinished.set(identity, waiting);
  }

  /** Whether the message need not be added: an earlier run did, or its unfinished batch takes it. */
  async isKnown(message: SourceMessage): Promise<boolean> {
    if (this.#before.has(message.identity)) {
      this.#counts.before++;
      return true;
    }
    const waiting = this.#unfinished.get(message.identity);
    if (waiting === undefined) return false;
    waiting.found.push(message);
    if (waiting.found.length === waiting.batch.identities.length) await this.#redo(waiting.batch, waiting.found);
    return true;
  }

  /** Stores the messages, then commits them while the caller goes on. */
  async add(messages: readonly SourceMessage[]): Promise<void> {
    const ready = await this.#storeAll(messages);
    if (ready.length === 0) return;
    await this.#committing;
    const identities = ready.map(({ identity }) => identity);
    const batch = await this.#journal.begin(identities, this.#open.mailbox.cached?.view.seq ?? 0);
    this.#committing = this.#commit(batch, ready);
    // Awaited later; until then nobody else would notice its failure.
    this.#committing.catch(() => undefined);
  }

  /** Commits what is left: unfinished batches whose messages are not all there any more too. */
  async finish(): Promise<Imported> {
    await this.#committing;
    for (const { batch, found } of new Set(this.#unfinished.values())) await this.#redo(batch, found);
    return { ...this.#counts, keywordsLost: this.#keywordsLost.size };
  }

  async #redo(batch: Batch, found: readonly SourceMessage[]): Promise<void> {
    for (const identity of batch.identities) this.#unfinished.delete(identity);
    const ready = await this.#storeAll(found);
    await this.#committing;
    if (ready.length > 0) await this.#commit(batch, ready);
  }

  async #commit(batch: Batch, ready: readonly Ready[]): Promise<void> {
    const open = this.#open;
    const messages = ready.map(({ message }) => message);
    await requireQuota(open);
    try {
      await open.mailbox.commit((view) => ({ record: appendTo(view, messages, true).record, reply: undefined }), {
        nonce: batch.nonce,
        isCommitted: isCommitted(open, batch),
      });
      countAppended(open, messages);
      this.#counts.imported += messages.length;
    } catch (error) {
      if (!(error instanceof AlreadyCommitted)) throw error;
      this.#counts.before += messages.length;
    }
    await this.#journal.end(
      batch,
      ready.map(({ identity }) => identity),
    );
  }

  async #storeAll(messages: readonly SourceMessage[]): Promise<Ready[]> {
    const stored: (Ready | undefined)[] = new Array(messages.length);
    let next = 0;
    const run = async (): Promise<void> => {
      for (let i = next++; i < messages.length; i = next++) {
        const message = messages[i];
        if (message !== undefined) stored[i] = await this.#store(message);
      }
    };
    await Promise.all(Array.from({ length: Math.min(importLimits.atOnce, messages.length) }, run));
    const ready = stored.filter((one) => one !== undefined);
    this.#counts.vanished += messages.length - ready.length;
    return ready;
  }

  async #store({ identity, internalDate, flags, open }: SourceMessage): Promise<Ready | undefined> {
    const { store, space, owner, path: name, mailbox } = this.#open;
    const body = await open();
    if (body === undefined) return undefined;
    const fitting = this.#fitting(flags);
    const origin = appendedOrigin({ owner, name, mailbox: mailbox.id, internalDate, flags: fitting });
    const { blob, sizeBytes } = await storeMessage(store.context, [space], body, origin);
    return { identity, message: { blob, sizeBytes, internalDate, flags: parseFlagNames(fitting) } };
  }

  /** The flags without keywords for which the mailbox has no room. */
  #fitting(flags: readonly string[]): readonly string[] {
    return flags.filter((flag) => {
      const name = flag.toLowerCase();
      if (flag.startsWith('\\') || this.#keywords.has(name)) return true;
      if (this.#keywords.size >= MAX_KEYWORDS) {
        this.#keywordsLost.add(name);
        return false;
      }
      this.#keywords.add(name);
      return true;
    });
  }
}

function isCommitted({ store, mailbox }: OpenMailbox, { nonce, seq }: Batch) {
  return async (base: Base<MailboxView>): Promise<boolean> =>
    (await findCommitted(store.context, mailbox.id, base, nonce, seq, async () => base.view)) !== undefined;
}
