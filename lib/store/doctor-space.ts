import { type Id, idFromBytes, idIsShared, idTimeMs } from '../base/ids.ts';
import type { Findings } from './doctor-findings.ts';
import { examineMailbox, isDamaged, type Pending } from './doctor-mailbox.ts';
import type { Head } from './head.ts';
import { holderKey, MESSAGES, messageBlobKey, summaryKey } from './keys.ts';
import { differs, recounts } from './sweep-quota.ts';
import { keptGraves, type MessageRow, withMailbox } from './sweep-rows.ts';
import { idOfBlobKey, LIST_BLOBS, type SpaceOwner, type SweepRun } from './sweep-run.ts';
import type { TreeView } from './tree-view.ts';

/** A delivery under way is not yet referenced. */
const UNDER_WAY_MS = 3_600_000;
const AT_ONCE = 32;

interface Stored {
  /** Undefined: only a summary. */
  readonly sizeBytes: number | undefined;
  hasSummary: boolean;
  referenced: boolean;
}

/** Objects of a space in order of their ids, after `after` up to and with `upTo`. */
interface Range {
  readonly after: string;
  readonly upTo: string;
  readonly objects: Map<string, Stored>;
  readonly isLast: boolean;
}

/** A message that a mailbox names and the listing does not have as it should be. */
interface Suspect {
  readonly mailbox: Id;
  readonly uid: number;
  readonly blob: Id;
  readonly sizeBytes: number;
}

/** Examines all mailboxes of a tree and the objects of its space. */
export class SpaceDoctor {
  readonly #run: SweepRun;
  readonly #findings: Findings;
  readonly #owner: SpaceOwner;
  /** Names of the mailboxes that can be read, for people. */
  readonly #names = new Map<Id, string>();
  readonly #deleted: ReadonlySet<Id>;
  #suspects: Suspect[] = [];
  #shared = new Set<Id>();

  constructor(run: SweepRun, findings: Findings, owner: SpaceOwner, view: TreeView) {
    this.#run = run;
    this.#findings = findings;
    this.#owner = owner;
    for (const [id, { name }] of view.state.deleted) this.#names.set(id, `${owner.name} ${name} (deleted)`);
    this.#deleted = new Set(this.#names.keys());
    for (const [name, { mailbox }] of view.state.bindings) this.#names.set(mailbox, `${owner.name} ${name}`);
  }

  async examine(): Promise<void> {
    let after = '';
    let isWhole = true;
    for (let isFirst = true; ; isFirst = false) {
      const range = await this.#readRange(after);
      for (const [id, where] of this.#names) {
        const isRead = await this.#findings.probe(where, () => this.#examineMailbox(id, where, range, isFirst));
        await this.#judge(where);
        if (isRead === true) continue;
        isWhole = false;
        this.#names.delete(id);
      }
      // What a mailbox that cannot be read names would seem to be nobody's.
      if (isWhole) this.#countObjects(range);
      if (range.isLast) break;
      after = range.upTo;
    }
    await this.#findings.probe(`${this.#owner.name} shared messages`, () => this.#examineShared());
    await this.#examineQuota();
  }

  /** The next objects and summaries, by id. */
  async #readRange(after: string): Promise<Range> {
    const { blobs, index } = this.#run.context;
    const objects = new Map<string, Stored>();
    const prefix = `${MESSAGES}${this.#owner.space}/`;
    let upTo = 'g'; // beyond every id
    let from = after === '' ? undefined : messageBlobKey(this.#owner.space, after as Id);
    for (let more = true; more; ) {
      const page = await blobs.list(prefix, from, Math.min(LIST_BLOBS, this.#run.rangeBlobs));
      for (const { key, sizeBytes } of page.blobs) {
        const id = idOfBlobKey(key);
        if (id !== undefined) objects.set(id, { sizeBytes, hasSummary: false, referenced: false });
      }
      from = page.next;
      more = from !== undefined && objects.size < this.#run.rangeBlobs;
      if (from !== undefined && !more) upTo = idOfBlobKey(from) ?? upTo;
    }
    const { pk } = summaryKey(this.#owner.space, this.#owner.space);
    let sk: Buffer | undefined = after === '' ? undefined : Buffer.from(after, 'hex');
    do {
      const page = await index.query({ pk, ...(sk && { after: sk }), ...(upTo !== 'g' && { upTo: hex(upTo) }) });
      for (const row of page.rows) {
        if (row.sk.length !== 16) continue;
        const id = idFromBytes(row.sk);
        const there = objects.get(id);
        if (there !== undefined) there.hasSummary = true;
        else objects.set(id, { sizeBytes: undefined, hasSummary: true, referenced: false });
      }
      sk = page.next;
    } while (sk !== undefined);
    return { after, upTo, objects, isLast: upTo === 'g' };
  }

  /** Answers whether the mailbox could be read. */
  async #examineMailbox(id: Id, where: string, range: Range, isFirst: boolean): Promise<boolean> {
    const check = (head: Head): Pending[] => {
      this.#suspects = [];
      return this.#checkHead(id, where, head);
    };
    const visit = (rows: readonly MessageRow[]): void => this.#compare(id, rows, range);
    const found = await examineMailbox(this.#run.context, id, where, check, visit);
    // Later ranges only compare messages; what else there is to find was found with the first.
    if (!isFirst) return true;
    if (found === undefined) return this.#judgeHeadless(id, where);
    for (const one of found.pending) this.#findings.add(...one);
    this.#findings.examined.mailboxes++;
    this.#findings.examined.messages += found.messages;
    this.#findings.examined.bytes += found.bytes;
    return !isDamaged(found.pending);
  }

  #checkHead(id: Id, where: string, head: Head): Pending[] {
    const pending: Pending[] = [];
    const isDeleted = this.#deleted.has(id);
    if (head.owner !== this.#owner.tree || head.space !== this.#owner.space) {
      pending.push(['mailbox-owner', where, `tree ${head.owner}, space ${head.space}`]);
    }
    if (!isDeleted && head.state === 'closed') {
      const isInbox = where === `${this.#owner.name} INBOX`;
      pending.push([isInbox ? 'mailbox-closed' : 'delete-unfinished', where, 'the mailbox is closed and bound']);
    }
    if (!isDeleted && head.state === 'moving') {
      pending.push(['move-unfinished', where, `the mailbox takes nothing until ${head.movesTo} has its messages`]);
    }
    return pending;
  }

  /** A mailbox without a head: the sweep may have begun to remove it; a bound one is lost. */
  async #judgeHeadless(id: Id, where: string): Promise<boolean> {
    if (this.#deleted.has(id)) return true;
    const { view } = await this.#run.store.tree(this.#owner.tree).refresh();
    const isBound = [...view.state.bindings.values()].some(({ mailbox }) => mailbox === id);
    if (isBound) this.#findings.add('mailbox-missing', where, `mailbox ${id} has no head`);
    return !isBound;
  }

  #compare(mailbox: Id, rows: readonly MessageRow[], { after, upTo, objects }: Range): void {
    for (const { uid, blob, sizeBytes } of rows) {
      if (blob <= after || blob > upTo) continue;
      const there = objects.get(blob);
      if (there !== undefined) there.referenced = true;
      if (idIsShared(blob)) this.#shared.add(blob);
      else if (there?.sizeBytes === sizeBytes) continue;
      this.#suspects.push({ mailbox, uid, blob, sizeBytes });
    }
  }

  /** Looks at suspects one by one: mail that came after the listing, shared blobs, and damage. */
  async #judge(where: string): Promise<void> {
    const suspects = this.#suspects;
    this.#suspects = [];
    for (let at = 0; at < suspects.length; at += AT_ONCE) {
      await Promise.all(suspects.slice(at, at + AT_ONCE).map((suspect) => this.#judgeOne(suspect, where)));
    }
  }

  async #judgeOne(suspect: Suspect, where: string): Promise<void> {
    const { blob, uid, sizeBytes } = suspect;
    const read = () => this.#run.context.blobs.info(messageBlobKey(this.#owner.space, blob));
    const info = await this.#findings.probe(`${where} UID ${uid}`, read);
    if (info?.sizeBytes === sizeBytes) return;
    if (!(await this.#findings.probe(where, () => this.#stillNames(suspect)))) return;
    const text = `message ${blob} of ${sizeBytes} bytes`;
    if (info === undefined) this.#findings.add('message-missing', `${where} UID ${uid}`, `${text} is not there`);
    else this.#findings.add('message-size', `${where} UID ${uid}`, `${text} has ${info.sizeBytes}`);
  }

  /** Whether the message was not expunged and purged since. */
  async #stillNames({ mailbox, uid }: Suspect): Promise<boolean> {
    const named = await withMailbox(this.#run.context, mailbox, async (_head, view) => {
      return view.has(uid) || keptGraves(view).some(({ uids }) => uids.has(uid));
    });
    return named ?? false;
  }

  #countObjects({ objects }: Range): void {
    let [blobs, bytes, summaries, lacking] = [0, 0, 0, 0];
    const bornMs = this.#run.nowMs - UNDER_WAY_MS;
    for (const [id, { sizeBytes, hasSummary, referenced }] of objects) {
      if (referenced && !hasSummary && sizeBytes !== undefined) lacking++;
      if (referenced || idTimeMs(id as Id) > bornMs) continue;
      if (sizeBytes === undefined) summaries++;
      else [blobs, bytes] = [blobs + 1, bytes + sizeBytes];
    }
    const where = `${this.#owner.name} space ${this.#owner.space}`;
    if (blobs > 0) this.#findings.add('unreferenced', where, `${blobs} messages of ${bytes} bytes`);
    if (summaries > 0) this.#findings.add('unreferenced', where, `${summaries} summaries`);
    if (lacking > 0) this.#findings.add('summary-missing', where, `${lacking} messages have no summary`);
  }

  /** A space must hold the shared blobs that it names, else the other holders decide how long they live (Rule 12). */
  async #examineShared(): Promise<void> {
    const shared = [...this.#shared];
    for (let at = 0; at < shared.length; at += 100) {
      const group = shared.slice(at, at + 100);
      const keys = group.map((blob) => holderKey(blob, this.#owner.space));
      const items = await this.#run.context.index.batchGet(keys);
      for (const [i, blob] of group.entries()) {
        if (items[i] === undefined) this.#findings.add('message-unheld', this.#owner.name, `message ${blob}`);
      }
    }
    this.#shared = new Set();
  }

  async #examineQuota(): Promise<void> {
    const where = `${this.#owner.name} quota`;
    const found = await this.#findings.probe(where, () => recounts(this.#run, this.#owner));
    for (const recount of (found ?? []).filter(differs)) {
      const { root, stored, counted } = recount;
      const text = `root ${root} says ${stored.bytes} bytes and ${stored.messages} messages, counted ${counted.bytes} and ${counted.messages}`;
      this.#findings.add('quota-drift', where, text);
    }
  }
}

function hex(id: string): Buffer {
  return Buffer.from(id, 'hex');
}
