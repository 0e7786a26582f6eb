import { expect, test } from 'vitest';
import { OutboxFolder } from '../../lib/delivery/outbox-folder.ts';
import { Outgoing } from '../../lib/delivery/outgoing.ts';
import { jobPartition } from '../../lib/jobs/job-item.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import { createMailbox } from '../../lib/store/names.ts';
import type { Jobs } from '../../lib/store/ports.ts';
import { addUser } from '../../lib/store/users.ts';
import { accountOf } from '../delivery/sieve-support.ts';
import { FaultPlan } from '../support/fault-plan.ts';
import { faultyBlobs } from '../support/faulty-blobs.ts';
import { faultyIndex } from '../support/faulty-index.ts';
import { openTestHome } from '../support/home.ts';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';
import { openSmtpSink } from '../support/smtp-sink.ts';
import { until } from '../support/until.ts';

const PATH = 'Postausgang';

function faultyJobs(jobs: Jobs, plan: FaultPlan): Jobs {
  return {
    enqueue: (...args) => plan.run('jobs.enqueue', true, () => jobs.enqueue(...args)),
    run: (...args) => jobs.run(...args),
    attempt: (...args) => jobs.attempt(...args),
    dead: () => jobs.dead(),
    close: () => jobs.close(),
  };
}

const folder = (store: MailStore): OutboxFolder =>
  new OutboxFolder(store, new Outgoing(store), {
    path: PATH,
    isMultiple: false,
    headerFrom: '',
    servername: 'mail.example.com',
    domain: 'example.com',
  });

const mail = (id: string): string =>
  `From: anna@example.com\r\nTo: one@example.org, two@example.org\r\nSubject: ${id}\r\nMessage-ID: <${id}@example.com>\r\n\r\nx\r\n`;

test('a gateway that dies after any step of an APPEND to the Outbox: the next try sends to each recipient once', async () => {
  await using sink = await openSmtpSink();
  await using home = await openTestHome();
  let from = Number.POSITIVE_INFINITY;
  const reached = new Set<string>();
  const plan = new FaultPlan(({ number, name }) => {
    if (number < from) return undefined;
    if (number === from) reached.add(name);
    // The last that it asked for is done, the answer not heard.
    return number === from ? 'lost' : 'fail';
  });
  const ports = await home.open();
  await using good = await openImapGateway({ home, ports, outbox: folder });
  await addUser(good.store, { name: 'anna', verifier: undefined });
  await createMailbox(await accountOf(good.store, 'anna'), PATH);
  const dying = {
    ...ports,
    index: faultyIndex(ports.index, plan),
    blobs: faultyBlobs(ports.blobs, plan),
    jobs: faultyJobs(ports.jobs, plan),
  };
  const wanted: string[] = [];
  const sending = new Outgoing(good.store).run(sink.outbox);
  for (let step = 0; ; step++) {
    wanted.push(`${step} one@example.org`, `${step} two@example.org`);
    await using gateway = await openImapGateway({ home, ports: dying, outbox: folder });
    const client = await ImapClient.loggedIn(gateway.port);
    from = plan.calls.length + 1 + step;
    const answer = (await client.append(PATH, mail(`${step}`))).at(-1);
    from = Number.POSITIVE_INFINITY;
    client.close();
    if (answer?.startsWith('append OK')) break;
    const again = await ImapClient.loggedIn(good.port);
    expect((await again.append(PATH, mail(`${step}`))).at(-1)).toMatch(/^append OK/);
    again.close();
  }
  await until('nothing waits', async () => {
    const { rows } = await ports.index.query({ pk: jobPartition('submit') });
    return rows.length === 0;
  });
  await sending.stop();
  const sent = sink.mails.map(({ to, text }) => `${/Subject: (.*)\r/.exec(text)?.[1]} ${to[0]}`);
  expect(sent.sort()).toEqual(wanted.sort());
  expect([...reached]).toEqual(expect.arrayContaining(['blobs.put', 'index.put', 'jobs.enqueue']));
});
