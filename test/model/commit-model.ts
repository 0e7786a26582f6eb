import { expect } from 'vitest';
import { type Id, newId } from '../../lib/base/ids.ts';
import type { OpenMailbox } from '../../lib/store/account.ts';
import { append } from '../../lib/store/append.ts';
import { deliverOnce } from '../../lib/store/claims.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { expunge } from '../../lib/store/expunge.ts';
import { decodeHead, type Head } from '../../lib/store/head.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import * as kinds from '../../lib/store/mailbox-records.ts';
import type { Blobs, Index } from '../../lib/store/ports.ts';
import type { LogRecord } from '../../lib/store/record.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { addUser } from '../../lib/store/users.ts';
import { randomFrom } from '../support/fault-plan.ts';
import { openIn } from '../support/inbox.ts';
import { headCounts, PlainMailbox, seenPlainly, seenThrough, wholeLog } from '../support/log-contents.ts';
import { Schedule } from '../support/schedule.ts';
import { noHints, noJobs } from '../support/test-store.ts';
import { passing } from './broken-rules.ts';

export interface ModelOptions {
  readonly seed: number;
  readonly processes?: number;
  /** Operations of each process. */
  readonly operations?: number;
  readonly faultRate?: number;
  /** What a broken engine would ask of the index (one that breaks a rule), by process. */
  readonly broken?: (index: Index) => Index;
}

/** An append that was tried: what it would have put there, and what was answered. */
interface Appended {
  readonly blobs: readonly Id[];
  readonly begun: number;
  ended: number;
  /** Undefined: unknown. */
  firstUid: number | undefined;
}

interface Story {
  tick: number;
  readonly appends: Appended[];
  /** By delivery: its blobs (one for each try), and whether a try was told that it is there. */
  readonly deliveries: { readonly blobs: Id[]; told: boolean }[];
  readonly keywords: { readonly name: string; readonly changed: UidSet }[];
  readonly expunged: UidSet[];
}

const HOUR_MS = 3_600_000;

/** Where this run's random courses begin: by the clock, or as `CIRRUS_TEST_SEED` says. */
export function firstSeed(): number {
  return Number(process.env.CIRRUS_TEST_SEED ?? Date.now() % 1_000_000);
}

/** Runs the model from one seed after the other until so many steps are done; a failure names its seed. */
export async function runSeeds(index: Index, blobs: Blobs, options: ModelOptions, minSteps: number): Promise<number> {
  let steps = 0;
  for (let { seed } = options; steps < minSteps; seed++) {
    try {
      steps += (await runCommitModel(index, blobs, { ...options, seed })).steps;
    } catch (error) {
      throw new Error(`CIRRUS_TEST_SEED=${seed} fails`, { cause: error });
    }
  }
  return steps;
}

/** Runs several processes on one mailbox, interleaved by chance, and checks every invariant of the commit protocol. */
export async function runCommitModel(index: Index, blobs: Blobs, options: ModelOptions): Promise<{ steps: number }> {
  const { seed, processes = 4, operations = 12, faultRate = 0.15, broken = (it) => it } = options;
  const random = randomFrom(seed);
  const ports = { index, blobs, hints: noHints, jobs: noJobs };
  const plain = new MailStore(ports);
  const user = await addUser(plain, { name: `model${seed}-${newId(0).slice(14)}`, verifier: undefined });
  const schedule = new Schedule(random, faultRate);
  const story: Story = { tick: 0, appends: [], deliveries: [], keywords: [], expunged: [] };
  const heads: Head[] = [];
  const work: Promise<void>[] = [];
  const opened: OpenMailbox[] = [];
  const stores: MailStore[] = [];
  for (let process = 0; process < processes; process++) {
    const skewMs = Math.floor((random() - 0.5) * 12 * HOUR_MS);
    const store = new MailStore(
      { ...ports, index: schedule.wrap(broken(observed(index, heads))) },
      { clock: { now: () => Date.now() + skewMs }, random: () => 0 },
    );
    stores.push(store);
    const quiet = await openIn(plain, user);
    const open: OpenMailbox = { ...quiet, store, mailbox: store.mailbox(quiet.mailbox.id) };
    opened.push(open);
    work.push(behave(open, story, random, operations));
  }
  await schedule.drive(Promise.all(work));
  await check(plain, ports, opened, story);
  onlyForward(heads.filter(({ owner }) => owner === user.tree));
  // Views that lived through it are carried on, on whatever snapshot they rest.
  const fresh = await openIn(new MailStore(ports), user);
  const expected = await seenThrough(fresh.mailbox, (await fresh.mailbox.refresh()).view);
  const last = Promise.all(
    opened.map(async ({ mailbox }) => {
      const { view } = await retried(() => mailbox.refresh());
      expect(await retried(() => seenThrough(mailbox, view))).toEqual(expected);
    }),
  );
  await schedule.drive(last);
  await schedule.drive(Promise.all(stores.map((store) => store.close().catch(() => undefined))));
  await plain.close();
  return { steps: schedule.steps };
}

/** The index, every head that was written noted. */
function observed(index: Index, heads: Head[]): Index {
  return {
    ...passing(index),
    async put(key, item, condition) {
      const result = await index.put(key, item, condition);
      if (result.ok && key.sk.toString() === 'H') heads.push(decodeHead(item));
      return result;
    },
  };
}

/** A head never goes back: not its records, and not the snapshot that a compactor gave it (Rule 1). */
function onlyForward(heads: readonly Head[]): void {
  for (const [i, head] of heads.entries()) {
    const before = heads[i - 1];
    if (before === undefined) continue;
    for (const name of ['rev', 'seq', 'flushedSeq', 'snapSeq'] as const) {
      expect(head[name], `${name} at rev ${head.rev}`).toBeGreaterThanOrEqual(before[name]);
    }
  }
}

async function retried<T>(run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'unavailable')) throw error;
    }
  }
}

/** Undefined when the outcome is unknown. */
async function known<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof StoreError && error.code === 'unavailable') return undefined;
    throw error;
  }
}

async function behave(open: OpenMailbox, story: Story, random: () => number, operations: number): Promise<void> {
  const below = (limit: number): number => Math.floor(random() * limit);
  const waiting: Promise<unknown>[] = [];
  for (let i = 0; i < operations; i++) {
    const which = random();
    const operation =
      which < 0.35
        ? appendSome(open, story, which < 0.03 ? 40 : 1 + below(3))
        : which < 0.5
          ? deliver(open, story, below)
          : which < 0.65
            ? markSome(open, story, below)
            : which < 0.75
              ? known(() => setFlags(open, { operation: 'add', flags: ['\\Deleted'], uids: someUids(open, below) }))
              : which < 0.85
                ? expungeSome(open, story)
                : which < 0.92
                  ? known(() => open.mailbox.compact())
                  : known(() => setFlags(open, { operation: 'replace', flags: [], uids: someUids(open, below) }));
    // Some operations of one process run together and share a commit.
    if (random() < 0.4) waiting.push(operation);
    else await operation;
  }
  await Promise.all(waiting);
}

function someUids(open: OpenMailbox, below: (limit: number) => number): UidSet {
  const last = (open.mailbox.cached?.view.state.uidNext ?? 1) + 2;
  return UidSet.of(1 + below(last), 1 + below(last), 1 + below(last));
}

async function appendSome(open: OpenMailbox, story: Story, count: number): Promise<void> {
  const blobs = Array.from({ length: count }, () => newId(Date.now()));
  const entry: Appended = { blobs, begun: ++story.tick, ended: Number.POSITIVE_INFINITY, firstUid: undefined };
  story.appends.push(entry);
  const messages = blobs.map((blob, i) => ({ blob, sizeBytes: 100 + i, internalDate: 1_700_000_000, flags: [] }));
  const done = await known(() => append(open, messages));
  entry.firstUid = done?.firstUid;
  if (done !== undefined) entry.ended = ++story.tick;
}

/** A delivery, by the process itself or as a retry of somebody else's (Rule 13). */
async function deliver(open: OpenMailbox, story: Story, below: (limit: number) => number): Promise<void> {
  const number = below(story.deliveries.length + 1);
  const entry = (story.deliveries[number] ??= { blobs: [], told: false });
  const blob = newId(Date.now());
  entry.blobs.push(blob);
  const flags = { system: 0, keywords: [] };
  const outcome = await known(() =>
    deliverOnce(open.store, open.mailbox.id, {
      deliveryId: Buffer.from(`delivery ${number}`),
      messageKey: undefined,
      suppressMs: 0,
      message: { blob, sizeBytes: 7, internalDate: 1, flags },
    }),
  );
  if (outcome !== undefined) entry.told = true;
}

async function markSome(open: OpenMailbox, story: Story, below: (limit: number) => number): Promise<void> {
  const name = `k${++story.tick}`;
  const done = await known(() => setFlags(open, { operation: 'add', flags: [name], uids: someUids(open, below) }));
  if (done !== undefined) story.keywords.push({ name, changed: done.changed });
}

async function expungeSome(open: OpenMailbox, story: Story): Promise<void> {
  const gone = await known(() => expunge(open));
  if (gone !== undefined) story.expunged.push(gone);
}

async function check(
  store: MailStore,
  ports: { readonly index: Index; readonly blobs: Blobs },
  [first]: readonly OpenMailbox[],
  story: Story,
): Promise<void> {
  if (first === undefined) return;
  const mailbox = store.mailbox(first.mailbox.id);
  const { head, records } = await wholeLog(ports, mailbox.id);
  expect(records.map(({ seq }) => seq)).toEqual(Array.from({ length: head.seq }, (_, i) => i + 1));
  const plain = new PlainMailbox();
  for (const record of records) plain.apply(record);
  checkAppends(records, story);
  for (const { blobs, told } of story.deliveries) {
    const times = blobs.reduce((sum, blob) => sum + recordsOf(records, blob).length, 0);
    if (told) expect(times).toBe(1);
    else expect(times).toBeLessThanOrEqual(1);
  }
  for (const { name, changed } of story.keywords) {
    const record = records.find((it) => it.kind === kinds.FLAGS && kinds.readFlags(it.body).newKeywords.includes(name));
    if (changed.isEmpty) expect(record).toBeUndefined();
    else expect(record && kinds.readFlags(record.body).uids.toString()).toBe(changed.toString());
  }
  const expunges = records.filter(({ kind }) => kind === kinds.EXPUNGE).map(({ body }) => kinds.readExpunge(body));
  for (const gone of story.expunged) {
    if (!gone.isEmpty) expect(expunges.map(({ uids }) => uids.toString())).toContain(gone.toString());
  }
  expect(headCounts(head)).toEqual(plain.counts);
  const { view } = await mailbox.refresh();
  expect(await seenThrough(mailbox, view)).toEqual(seenPlainly(plain));
}

function recordsOf(records: readonly LogRecord[], blob: Id): LogRecord[] {
  return records.filter(
    ({ kind, body }) => kind === kinds.APPEND && kinds.readAppend(body).messages.some((m) => m.blob === blob),
  );
}

/** Acknowledged: there once, under the UIDs that were told, after what was acknowledged before it began. */
function checkAppends(records: readonly LogRecord[], story: Story): void {
  const seqs = story.appends.map((entry) => {
    const found = recordsOf(records, entry.blobs[0] as Id);
    if (entry.firstUid === undefined) expect(found.length).toBeLessThanOrEqual(1);
    else {
      expect(found).toHaveLength(1);
      const body = kinds.readAppend((found[0] as LogRecord).body);
      expect(body.firstUid).toBe(entry.firstUid);
      expect(body.messages.map(({ blob }) => blob)).toEqual(entry.blobs);
    }
    return { entry, seq: found[0]?.seq };
  });
  for (const a of seqs) {
    for (const b of seqs) {
      if (a.entry.ended < b.entry.begun && b.seq !== undefined) expect(a.seq).toBeLessThan(b.seq);
    }
  }
}
