import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SES_MESSAGE_BYTES, SesOutbox } from '../../lib/aws/outbox-ses.ts';
import type { OutgoingMail } from '../../lib/store/ports.ts';

interface Sent {
  readonly FromEmailAddress?: string;
  readonly Destination: { readonly ToAddresses: readonly string[] };
  readonly Content: { readonly Raw: { readonly Data: string } };
}

/** As much of SES's protocol as SendEmail needs; `errors` are answered first. */
async function openSes(sender?: string) {
  const sent: Sent[] = [];
  const errors: { readonly status: number; readonly name: string; readonly message?: string }[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    void (async () => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece);
      const headers = { 'content-type': 'application/json' };
      const error = request.url === '/v2/email/outbound-emails' ? errors.shift() : { status: 404, name: 'NotFound' };
      if (error !== undefined) {
        const named = { ...headers, 'x-amzn-errortype': error.name };
        response.writeHead(error.status, named).end(JSON.stringify({ message: error.message ?? 'not you' }));
        return;
      }
      sent.push(JSON.parse(Buffer.concat(pieces).toString('utf8')));
      response.writeHead(200, headers).end('{"MessageId":"1"}');
    })();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen');
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const endpoint = `http://127.0.0.1:${address.port}`;
  const outbox = new SesOutbox({ client: { endpoint, region: 'eu-west-1', credentials }, ...(sender && { sender }) });
  return {
    sent,
    errors,
    outbox,
    async close() {
      await outbox.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

let ses: Awaited<ReturnType<typeof openSes>>;
beforeEach(async () => {
  ses = await openSes();
});
afterEach(() => ses.close());

async function* pieces(...texts: (string | Buffer)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

const mail = (given: Partial<OutgoingMail> = {}): OutgoingMail => ({
  id: 'x',
  sender: 'a@example.com',
  recipients: ['b@example.net'],
  message: pieces('Subject: x\r\n\r\n', 'Grüße\r\n'),
  ...given,
});

test('a message goes out as it is, from its sender to its recipient', async () => {
  await ses.outbox.submit(mail());
  expect(ses.sent).toEqual([
    {
      FromEmailAddress: 'a@example.com',
      Destination: { ToAddresses: ['b@example.net'] },
      Content: { Raw: { Data: Buffer.from('Subject: x\r\n\r\nGrüße\r\n').toString('base64') } },
    },
  ]);
});

test('what is from elsewhere goes out from the address that SES knows, and what is ours as it is', async () => {
  const own = await openSes('postmaster@example.org');
  try {
    await own.outbox.submit(mail({ sender: 'b@elsewhere.net', message: pieces('From: b@elsewhere.net\r\n\r\nx') }));
    await own.outbox.submit(mail({ sender: 'a@example.org', message: pieces('From: a@example.org\r\n\r\nx') }));
    await own.outbox.submit(mail({ sender: '', message: pieces('From: a@example.org\r\n\r\nx') }));
    const texts = own.sent.map(({ Content }) => Buffer.from(Content.Raw.Data, 'base64').toString('utf8'));
    expect(own.sent.map(({ FromEmailAddress }) => FromEmailAddress)).toEqual([
      'postmaster@example.org',
      'a@example.org',
      undefined,
    ]);
    expect(texts[0]).toBe(
      'From: (b@elsewhere.net) <postmaster@example.org>\r\nX-Original-From: b@elsewhere.net\r\nReply-To: b@elsewhere.net\r\n\r\nx',
    );
    expect(texts.slice(1)).toEqual(['From: a@example.org\r\n\r\nx', 'From: a@example.org\r\n\r\nx']);
  } finally {
    await own.close();
  }
});

test('the null sender is left to SES, which takes none', async () => {
  await ses.outbox.submit(mail({ sender: '' }));
  expect(Object.keys(ses.sent[0] ?? {})).not.toContain('FromEmailAddress');
});

test.each([
  ['MessageRejected', 400, 'cannot'],
  ['BadRequestException', 400, 'cannot'],
  ['SendingPausedException', 400, 'unavailable'],
  ['LimitExceededException', 400, 'unavailable'],
  ['InternalServiceErrorException', 500, 'unavailable'],
  ['AccessDeniedException', 403, 'unavailable'],
] as const)('%s is said as it is meant for a job', async (name, status, code) => {
  ses.errors.push({ name, status });
  await expect(ses.outbox.submit(mail())).rejects.toMatchObject({ name: 'StoreError', code });
  expect(ses.sent).toEqual([]);
});

test('an identity that is not verified is waited for, unless it may be that of anybody (Rule 14)', async () => {
  const message = 'Email address is not verified. The following identities failed the check in region EU-WEST-1: x';
  const rejected = { name: 'MessageRejected', status: 400, message };
  const own = await openSes('postmaster@example.org');
  try {
    own.errors.push(rejected, { ...rejected, message: 'Transaction failed: illegal content' });
    await expect(own.outbox.submit(mail())).rejects.toMatchObject({ code: 'unavailable' });
    await expect(own.outbox.submit(mail())).rejects.toMatchObject({ code: 'cannot' });
  } finally {
    await own.close();
  }
  ses.errors.push(rejected);
  await expect(ses.outbox.submit(mail())).rejects.toMatchObject({ code: 'cannot' });
});

test('what surely was not sent is tried again at once', async () => {
  ses.errors.push({ name: 'TooManyRequestsException', status: 429 });
  await ses.outbox.submit(mail());
  expect(ses.sent).toHaveLength(1);
});

test('a message that SES cannot take is refused before all of it is read', async () => {
  const megabyte = Buffer.alloc(1024 * 1024);
  let read = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      read += megabyte.length;
      yield megabyte;
    }
  }
  await expect(ses.outbox.submit(mail({ message: endless() }))).rejects.toMatchObject({ code: 'cannot' });
  expect(read).toBeLessThanOrEqual(SES_MESSAGE_BYTES + megabyte.length);
});
