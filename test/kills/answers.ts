import { expect } from 'vitest';
import { Outgoing } from '../../lib/delivery/outgoing.ts';
import { jobPartition } from '../../lib/jobs/job-item.ts';
import { IndexJobs } from '../../lib/jobs/jobs-index.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { putScript, setActiveScript } from '../../lib/store/scripts.ts';
import { accountOf } from '../delivery/sieve-support.ts';
import type { OpenPorts, TestHome } from '../support/home.ts';
import { openSmtpSink } from '../support/smtp-sink.ts';
import { until } from '../support/until.ts';
import { type Acknowledged, CORRESPONDENT, senderOf } from './kill-load.ts';

/** A relay that nobody listens at: what gateways want to send waits until they are no more killed. */
export const NO_RELAY = { CIRRUS_SMTP_RELAY: '127.0.0.1:1' };

/** Longer than any job waits for its next try, or is held by a process that was killed. */
const LATER_MS = 2 * 3_600_000;

/** One of the users answers everybody who writes. */
export async function answerAll(home: TestHome): Promise<void> {
  const ports = await home.open();
  const store = new MailStore(ports);
  const account = await accountOf(store, CORRESPONDENT);
  await putScript(account, 'away', Buffer.from('require "vacation"; vacation "away";'), {
    scripts: 9,
    scriptBytes: 999,
  });
  await setActiveScript(account, 'away');
  await store.close();
  await ports.close();
}

/**
 * Sends what the killed gateways have queued: no sender has two answers, and who was told of a delivery has one. Answers how
 * many there are.
 */
export async function checkAnswers(home: TestHome, acknowledged: readonly Acknowledged[]): Promise<number> {
  const ports = await home.open();
  try {
    const counts = await answered(ports);
    expect([...counts].filter(([, count]) => count > 1)).toEqual([]);
    const told = acknowledged.filter(({ user, uid }) => user === CORRESPONDENT && uid === undefined);
    expect(told.filter(({ id }) => !counts.has(senderOf(id)))).toEqual([]);
    return counts.size;
  } finally {
    await ports.close();
  }
}

/** Sends what is queued; answers how many messages each address has got. */
async function answered({ index, blobs, hints }: OpenPorts): Promise<ReadonlyMap<string, number>> {
  await using sink = await openSmtpSink();
  const clock = { now: () => Date.now() + LATER_MS };
  const jobs = new IndexJobs(index, { clock, pollMs: 20 });
  const store = new MailStore({ index, blobs, hints, jobs }, { clock });
  const sending = new Outgoing(store).run(sink.outbox);
  await until('nothing waits', async () => (await index.query({ pk: jobPartition('submit') })).rows.length === 0);
  await sending.stop();
  await jobs.close();
  await store.close();
  const counts = new Map<string, number>();
  for (const [to = ''] of sink.mails.map((mail) => mail.to)) counts.set(to, (counts.get(to) ?? 0) + 1);
  return counts;
}
