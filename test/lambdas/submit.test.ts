import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobItem, jobPartition, storedJob } from '../../lib/jobs/job-item.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { putScript, setActiveScript } from '../../lib/store/scripts.ts';
import { addUser } from '../../lib/store/users.ts';
import { accountOf, listMail } from '../delivery/sieve-support.ts';
import { bundleFunctions, FunctionProcess } from '../support/functions.ts';
import { type OpenPorts, openTestHome, type TestHome } from '../support/home.ts';
import { describeWithS3 } from '../support/s3.ts';
import { openSmtpSink, type SmtpSink, smtpError } from '../support/smtp-sink.ts';
import { openTestSqs, type TestSqs } from '../support/sqs.ts';
import { receivedRecord } from './received-record.ts';

const SCRIPT = 'require ["vacation","copy"]; redirect :copy "there@example.net"; vacation "away";';

describeWithS3('outgoing mail by the functions ingest and submit, bundled, on the AWS home', () => {
  const cleanUp = new AsyncDisposableStack();
  let home: TestHome;
  let ports: OpenPorts;
  let store: MailStore;
  let sqs: TestSqs;
  let sink: SmtpSink;
  let ingest: FunctionProcess;
  let submit: FunctionProcess;

  beforeAll(async () => {
    const bundles = cleanUp.use(await bundleFunctions(['ingest', 'submit']));
    home = cleanUp.use(await openTestHome('aws'));
    sqs = cleanUp.use(await openTestSqs());
    sink = cleanUp.use(await openSmtpSink());
    ports = await home.open();
    cleanUp.defer(() => ports.close());
    store = new MailStore(ports);
    cleanUp.defer(() => store.close());
    await addUser(store, { name: 'anna', verifier: undefined });
    const anna = await accountOf(store, 'anna');
    await putScript(anna, 'main', Buffer.from(SCRIPT), { scripts: 9, scriptBytes: 9999 });
    await setActiveScript(anna, 'main');
    const environment = {
      ...home.environment,
      CIRRUS_SERVERNAME: 'mail.example.com',
      CIRRUS_SMTP_RELAY: `127.0.0.1:${sink.port}`,
      CIRRUS_AWS_SUBMIT_QUEUE: `${sqs.endpoint}/123456789012/submit`,
      AWS_ENDPOINT_URL_SQS: sqs.endpoint,
    };
    ingest = cleanUp.use(new FunctionProcess(bundles.pathOf('ingest'), environment));
    submit = cleanUp.use(new FunctionProcess(bundles.pathOf('submit'), environment));
  });
  afterAll(() => cleanUp.disposeAsync());

  async function receive(id: string): Promise<void> {
    const lines = [
      `Message-ID: <${id}@example.org>`,
      'From: sender@example.org',
      'To: anna@example.com',
      'Subject: Hi',
    ];
    await ports.blobs.put(`ses/${id}`, Buffer.from(`${lines.join('\r\n')}\r\n\r\nHello\r\n`));
    const bucket = home.environment.CIRRUS_AWS_BUCKET ?? '';
    const record = receivedRecord(id, { bucket, id, recipients: ['anna@example.com'] });
    // Twice, as queues do.
    for (let i = 0; i < 2; i++) expect(await ingest.invoke({ Records: [record] })).toEqual({ batchItemFailures: [] });
  }

  /** Hands all that waits in the queue to the function, each message twice and the newest first. */
  async function drainQueue(): Promise<unknown> {
    const messages = sqs.messages.splice(0).reverse();
    const records = [...messages, ...messages].map(({ body }, i) => ({ messageId: `m${i}`, body }));
    return submit.invoke({ Records: records });
  }

  /** As if so much time had passed that whoever runs a job is given up for dead, or that it is due again. */
  async function makeDue(): Promise<void> {
    const { rows } = await ports.index.query({ pk: jobPartition('submit') });
    for (const { sk, item } of rows) {
      const job = storedJob(item);
      await ports.index.put({ pk: jobPartition('submit'), sk }, jobItem({ ...job, rev: job.rev + 1, dueMs: 0 }));
    }
  }

  const recipientsOf = (): string[] => sink.mails.map(({ to }) => to.join()).sort();

  test('redirected mail and the vacation answer go out once', async () => {
    await receive('first');
    expect(sqs.messages.length).toBeGreaterThanOrEqual(2);
    expect(sink.mails).toEqual([]);
    expect(await drainQueue()).toEqual({ batchItemFailures: [] });
    expect(recipientsOf()).toEqual(['sender@example.org', 'there@example.net']);
    expect(await listMail(store, 'anna')).toEqual(['INBOX: Hi']);
    expect((await ports.index.query({ pk: jobPartition('submit') })).rows).toEqual([]);
  });

  test('a function killed before the relay had the message sends it the next time; a relay that is not there is waited for', async () => {
    sink.mails.length = 0;
    await receive('second');
    sink.answer = () => {
      void submit.kill();
      return smtpError(451, 'not now');
    };
    await drainQueue().catch(() => undefined);
    expect(sink.mails).toEqual([]);
    sink.answer = () => smtpError(451, 'not now');
    await makeDue();
    sqs.messages.push(...(await queued()));
    expect(await drainQueue()).toEqual({ batchItemFailures: [] });
    expect(sink.mails).toEqual([]);
    // It says itself when it wants to be called again.
    expect(sqs.messages.length).toBeGreaterThan(0);
    for (const { delayS } of sqs.messages) expect(delayS).toBeGreaterThan(0);
    sink.answer = undefined;
    await makeDue();
    expect(await drainQueue()).toEqual({ batchItemFailures: [] });
    // The sender has been told already that anna is away.
    expect(recipientsOf()).toEqual(['there@example.net']);
  });

  /** What SQS gives again when nobody has said that it is done. */
  async function queued() {
    const { rows } = await ports.index.query({ pk: jobPartition('submit') });
    return rows.map(({ sk }) => ({
      queue: 'submit',
      body: JSON.stringify({ kind: 'submit', id: sk.toString('utf8') }),
      delayS: 0,
    }));
  }

  test('a message that is no notice fails alone', async () => {
    expect(await submit.invoke({ Records: [{ messageId: 'garbled', body: '{}' }] })).toEqual({
      batchItemFailures: [{ itemIdentifier: 'garbled' }],
    });
  });
});
