import { readFileSync } from 'node:fs';
import { ImapFlow } from 'imapflow';
import { PASSWORD, type Server } from './gateway.ts';

export interface ConnectOptions {
  /** In clear first, then STARTTLS; otherwise TLS from the first byte. */
  readonly startTls?: boolean;
  /** Ask for QRESYNC (RFC 7162), so that expunged messages are named by UID. */
  readonly qresync?: boolean;
  /** Do not idle by oneself when there is nothing to do. */
  readonly disableAutoIdle?: boolean;
}

/** A session of imapflow; disposing of it logs out. */
export async function connect(
  server: Server,
  user: string,
  options: ConnectOptions = {},
): Promise<{ readonly imap: ImapFlow } & AsyncDisposable> {
  const { startTls = false, ...rest } = options;
  const imap = new ImapFlow({
    host: server.host,
    port: startTls ? server.imapPort : server.imapsPort,
    secure: !startTls,
    ...(startTls ? { doSTARTTLS: true } : {}),
    tls: { ca: readFileSync(server.certificate) },
    auth: { user, pass: PASSWORD },
    logger: false,
    ...rest,
  });
  await imap.connect();
  return { imap, [Symbol.asyncDispose]: () => imap.logout() };
}
