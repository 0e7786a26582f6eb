import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { SmtpOutbox } from '../../lib/smtp/outbox.ts';

export interface SentMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  /** What the client wants to be told of the first recipient (RFC 3461 §4.1): `NEVER`; '' when it says nothing. */
  readonly notify: string;
}

/** An SMTP server that keeps what it is given. */
export interface SmtpSink extends AsyncDisposable {
  readonly mails: SentMail[];
  readonly port: number;
  /** What becomes of the next messages; undefined: they are taken. */
  answer: ((to: string) => Error | undefined) | undefined;
  /** Called for each message that was taken, before it is answered. */
  taken: (() => void) | undefined;
  readonly outbox: SmtpOutbox;
}

/** An error that is answered with this code. */
export function smtpError(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode });
}

export async function openSmtpSink(): Promise<SmtpSink> {
  const mails: SentMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    hideDSN: false,
    onRcptTo({ address }, _session, done) {
      done(sink.answer?.(address));
    },
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        const to = envelope.rcptTo.map(({ address }) => address);
        const notify = envelope.rcptTo[0]?.dsn?.notify?.join() ?? '';
        mails.push({ from, to, text: Buffer.concat(chunks).toString('utf8'), notify });
        sink.taken?.();
        done();
      });
    },
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  const outbox = new SmtpOutbox({ host: '127.0.0.1', port, tls: 'may', servername: 'mail.example.com' });
  const sink: SmtpSink = {
    mails,
    port,
    answer: undefined,
    taken: undefined,
    outbox,
    async [Symbol.asyncDispose]() {
      await outbox.close();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return sink;
}
