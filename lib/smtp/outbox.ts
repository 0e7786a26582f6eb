import { Readable } from 'node:stream';
import { createTransport, type Transporter } from 'nodemailer';
import { StoreError } from '../store/errors.ts';
import type { Outbox, OutgoingMail } from '../store/ports.ts';

/** The MTA that takes our outgoing mail. */
export interface RelaySettings {
  readonly host: string;
  readonly port: number;
  /** `off`: never; `may`: STARTTLS if it is offered, whoever's certificate it is; `verify`: only with a certificate for the host. */
  readonly tls: 'off' | 'may' | 'verify';
  readonly login?: { readonly user: string; readonly password: string };
  /** Our name, for EHLO. */
  readonly servername: string;
}

const CONNECT_MS = 30_000;
/** RFC 5321 §4.5.3.2.6: a relay may take 10 minutes over the last dot. */
const SILENCE_MS = 600_000;

/** The Outbox port on an SMTP relay (RFC 5321). */
export class SmtpOutbox implements Outbox {
  readonly #transport: Transporter;

  constructor({ host, port, tls, login, servername }: RelaySettings) {
    this.#transport = createTransport({
      host,
      port,
      name: servername,
      secure: false,
      ignoreTLS: tls === 'off',
      requireTLS: tls === 'verify',
      tls: { rejectUnauthorized: tls === 'verify' },
      ...(login && { auth: { user: login.user, pass: login.password } }),
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  async submit({ id, sender, recipients, message, dsn }: OutgoingMail): Promise<void> {
    const raw = Readable.from(message, { objectMode: false });
    try {
      const envelope = { from: sender, to: [...recipients] };
      const info = await this.#transport.sendMail({ envelope, raw, ...(dsn && { dsn: dsnOf(id, dsn) }) });
      const [refused] = info.rejected ?? [];
      if (refused !== undefined) throw new StoreError('cannot', 'the relay refuses a recipient');
    } catch (error) {
      raw.destroy();
      throw translated(error);
    }
  }

  async close(): Promise<void> {
    this.#transport.close();
  }
}

function dsnOf(id: string, { notify, ret }: NonNullable<OutgoingMail['dsn']>) {
  return {
    id,
    ...(ret !== undefined && { return: ret.toUpperCase() === 'FULL' ? ('full' as const) : ('headers' as const) }),
    ...(notify !== undefined && {
      notify: notify.toLowerCase().split(',') as ('never' | 'success' | 'failure' | 'delay')[],
    }),
  };
}

/** RFC 5321 §4.2.1: 5yz is for good, and so is an address that cannot be sent to; all else is for now. */
function translated(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { responseCode, code, message } = error as { responseCode?: number; code?: string; message?: string };
  const isFinal = responseCode === undefined ? code === 'EENVELOPE' : responseCode >= 500 && code !== 'EAUTH';
  return new StoreError(isFinal ? 'cannot' : 'unavailable', `relay: ${message ?? 'failed'}`.slice(0, 500), {
    cause: error,
  });
}
