import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StoreDelivery } from '../../lib/delivery/deliver.ts';
import { Outgoing } from '../../lib/delivery/outgoing.ts';
import type { RecipientReports } from '../../lib/delivery/ports.ts';
import { jobPartition } from '../../lib/jobs/job-item.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import { createMailbox } from '../../lib/store/names.ts';
import { putScript, setActiveScript } from '../../lib/store/scripts.ts';
import { addUser } from '../../lib/store/users.ts';
import { type Fault, FaultPlan } from '../support/fault-plan.ts';
import { faultyBlobs } from '../support/faulty-blobs.ts';
import { faultyIndex } from '../support/faulty-index.ts';
import { chosenHome } from '../support/home.ts';
import { openSmtpSink, type SmtpSink } from '../support/smtp-sink.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';
import { until } from '../support/until.ts';
import { accountOf, listMail, message } from './sieve-support.ts';

const SCRIPT =
  'require ["fileinto","vacation","copy","duplicate","editheader"];\n' +
  'if duplicate { discard; stop; }\n' +
  'fileinto "Lists"; redirect "there@example.net"; vacation :handle "h" "away";\n' +
  'addheader "X-Edited" "yes"; keep;';

const KINDS: readonly Fault[] = ['fail', 'lost', 'late', 'twice'];

/** Faults in a row from one call on. */
const ROW = 4;

async function openHome(plan: FaultPlan): Promise<TestStore> {
  const home = await openTestStore({
    withJobs: true,
    wrapIndex: (index) => faultyIndex(index, plan),
    wrapBlobs: (blobs) => faultyBlobs(blobs, plan),
    wrapJobs: (jobs) => ({
      enqueue: (...args) => plan.run('jobs.enqueue', true, () => jobs.enqueue(...args)),
      run: (...args) => jobs.run(...args),
      attempt: (...args) => jobs.attempt(...args),
      dead: () => jobs.dead(),
      close: () => jobs.close(),
    }),
  });
  await addUser(home.store, { name: 'anna', verifier: undefined });
  const anna = await accountOf(home.store, 'anna');
  await createMailbox(anna, 'Lists');
  await putScript(anna, 'main', Buffer.from(SCRIPT), { scripts: 9, scriptBytes: 9999 });
  await setActiveScript(anna, 'main');
  return home;
}

async function isQueueEmpty({ index }: TestStore): Promise<boolean> {
  return (await index.query({ pk: jobPartition('submit') })).rows.length === 0;
}

/** One try by a process of its own; false: the MTA has to try again. */
async function attempt(store: MailStore, text: string, reports?: RecipientReports): Promise<boolean> {
  const delivery = new StoreDelivery(store, {
    outgoing: new Outgoing(store),
    responses: { servername: 'mail.example.com', defaultDomain: 'example.com' },
  });
  const recipient = await delivery.recipient('anna', undefined, { reports });
  if (!recipient.ok) return false;
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text);
  }
  const [answer] = await delivery.deliver({
    sender: 'sender@example.org',
    recipients: [recipient],
    trace: 'Return-Path: <sender@example.org>\r\nReceived: by us\r\n',
    body: body(),
  });
  return answer?.ok === true;
}

/** The sender wants to be told that it has arrived. */
const SUCCESS: RecipientReports = { notify: ['SUCCESS'] };

describe('a script that files, sends on, answers and remembers, whatever fails (Rules 13, 14)', () => {
  let sink: SmtpSink;
  beforeAll(async () => {
    sink = await openSmtpSink();
  });
  afterAll(() => sink[Symbol.asyncDispose]());

  // A fault lasts for several calls, so no call is left out; to make a home on AWS takes long.
  const stride = Number(process.env.CIRRUS_TEST_STRIDE ?? (chosenHome === 'aws' ? ROW : 1));
  const begin = 1 + Math.floor(Math.random() * stride);

  for (const kind of KINDS) {
    it(`every call of a delivery, and some in a row: ${String(kind)}`, async () => {
      for (let first = begin; ; first += stride) {
        let from = Number.POSITIVE_INFINITY;
        const plan = new FaultPlan(({ number }) => (number >= from && number < from + ROW ? kind : undefined));
        const home = await openHome(plan);
        sink.mails.length = 0;
        try {
          const before = plan.calls.length;
          from = before + first;
          const text = message('Hi').replaceAll('\n', '\r\n');
          let tries = 0;
          while (!(await attempt(home.another({ random: () => 0.01 }), text, SUCCESS))) {
            if (++tries === 20) throw new Error('never delivered');
          }
          const calls = plan.calls.length - before;
          await plan.landed();
          from = Number.POSITIVE_INFINITY;
          // The MTA did not hear the answer.
          expect(await attempt(home.another(), text, SUCCESS)).toBe(true);
          const sending = new Outgoing(home.another()).run(sink.outbox);
          await until('nothing waits', () => isQueueEmpty(home));
          await sending.stop();
          expect([first, await listMail(home.another(), 'anna')]).toEqual([first, ['INBOX: Hi', 'Lists: Hi']]);
          const sent = sink.mails.map(({ to }) => to[0]).sort();
          expect([first, sent]).toEqual([first, ['sender@example.org', 'sender@example.org', 'there@example.net']]);
          if (first > calls) return;
        } finally {
          await home.close();
        }
      }
    });
  }

  it('several processes with the same message at once', async () => {
    const home = await openHome(new FaultPlan(() => undefined));
    sink.mails.length = 0;
    try {
      const text = message('Hi').replaceAll('\n', '\r\n');
      const all = await Promise.all(Array.from({ length: 6 }, () => attempt(home.another(), text)));
      expect(all).toEqual(all.map(() => true));
      const sending = [home.another(), home.another()].map((store) => new Outgoing(store).run(sink.outbox));
      await until('nothing waits', () => isQueueEmpty(home));
      await Promise.all(sending.map((one) => one.stop()));
      expect(sink.mails.map(({ to }) => to[0]).sort()).toEqual(['sender@example.org', 'there@example.net']);
      expect(await listMail(home.store, 'anna')).toEqual(['INBOX: Hi', 'Lists: Hi']);
    } finally {
      await home.close();
    }
  });

  it('one of several senders at once is answered once, by different messages too', async () => {
    const home = await openHome(new FaultPlan(() => undefined));
    sink.mails.length = 0;
    try {
      const texts = Array.from({ length: 5 }, (_, i) => message(`Hi ${i}`).replaceAll('\n', '\r\n'));
      await Promise.all(texts.map((text) => attempt(home.another(), text)));
      const sending = new Outgoing(home.another()).run(sink.outbox);
      await until('nothing waits', () => isQueueEmpty(home));
      await sending.stop();
      expect(sink.mails.filter(({ to }) => to[0] === 'sender@example.org')).toHaveLength(1);
    } finally {
      await home.close();
    }
  });

  it('a claim that cannot be settled at first is settled before the job ends: sent once', async () => {
    let failing = 0;
    const plan = new FaultPlan(({ name }) => (name === 'index.put' && failing-- > 0 ? 'lost' : undefined));
    const home = await openHome(plan);
    sink.mails.length = 0;
    try {
      await attempt(home.store, message('Hi').replaceAll('\n', '\r\n'));
      sink.taken = () => (failing = 3);
      const sending = new Outgoing(home.store).run(sink.outbox);
      await until('nothing waits', () => isQueueEmpty(home));
      await sending.stop();
      sink.taken = undefined;
      failing = 0;
      await attempt(home.another(), message('Hi').replaceAll('\n', '\r\n'));
      const again = new Outgoing(home.another()).run(sink.outbox);
      await again.stop();
      expect(sink.mails).toHaveLength(2);
    } finally {
      sink.taken = undefined;
      await home.close();
    }
  });
});
