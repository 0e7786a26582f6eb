import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { lmtpRefusal, serveLmtp } from '../../gateway/lmtp/session.ts';
import { Listener, type ListenerOptions } from '../../gateway/net/listener.ts';
import type { ListenAddress } from '../../lib/base/config.ts';
import { openLog } from '../../lib/base/log.ts';
import type {
  Delivered,
  Delivery,
  Recipient,
  RecipientOptions,
  Refusal,
  Transaction,
} from '../../lib/delivery/ports.ts';

export interface Mail {
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly trace: string;
  readonly body: string;
}

/**
 * Delivery that keeps what it is given in a list. Addresses say what becomes of them: `unknown@`, `full@` ... are refused at
 * RCPT, `late-full@` ... after the message.
 */
export class CollectingDelivery implements Delivery {
  readonly mails: Mail[] = [];
  /** Errors that bodies threw. */
  readonly broken: string[] = [];
  readonly sizes: (number | undefined)[] = [];

  async recipient(
    address: string,
    sizeBytes?: number,
    { ignoreQuota }: RecipientOptions = {},
  ): Promise<Recipient | Refusal> {
    this.sizes.push(sizeBytes);
    if (ignoreQuota === true && address.startsWith('full@')) return { ok: true, address };
    if (address.startsWith('bug@')) throw new TypeError('a bug');
    return refusals.get(local(address)) ?? { ok: true, address };
  }

  async deliver({ sender, recipients, trace, body }: Transaction): Promise<readonly Delivered[]> {
    if (recipients.some(({ address }) => address.startsWith('throws@'))) throw new TypeError('a bug');
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of body) pieces.push(Uint8Array.from(piece));
    } catch (error) {
      this.broken.push(String(error));
      throw error;
    }
    const addresses = recipients.map(({ address }) => address);
    this.mails.push({ sender, recipients: addresses, trace, body: Buffer.concat(pieces).toString('latin1') });
    return addresses.map((address) => refusals.get(local(address).replace(/^late-/, '')) ?? { ok: true });
  }
}

const refuse = (code: Refusal['code'], text = 'some text'): Refusal => ({ ok: false, code, text });
const refusals: ReadonlyMap<string, Refusal> = new Map([
  ['unknown', refuse('unknown-user')],
  ['bad', refuse('bad-address')],
  ['full', refuse('over-quota')],
  ['closed', refuse('no-permission')],
  ['big', refuse('too-big')],
  ['many', refuse('too-many')],
  ['ill', refuse('unavailable', 'try\r\n250 later')],
]);

function local(address: string): string {
  return address.split('@')[0] ?? '';
}

export type LmtpSettings = Partial<Parameters<typeof serveLmtp>[0]> & {
  readonly address?: ListenAddress;
  readonly listener?: Partial<ListenerOptions>;
};

/** An LMTP server on an ephemeral port. */
export async function openLmtp(delivery: Delivery, settings: LmtpSettings = {}): Promise<Listener> {
  const { address = { host: '127.0.0.1', port: 0 }, listener, ...rest } = settings;
  const log = openLog('silent');
  const options = {
    delivery,
    access: 'everybody' as const,
    servername: 'mail.example.com',
    maxMessageBytes: 0,
    overQuotaIsPermanent: false,
    log,
    ...rest,
  };
  return await Listener.open({
    protocol: 'lmtp',
    address,
    serve: serveLmtp(options),
    refusal: lmtpRefusal,
    log,
    ...listener,
  });
}

/** Says what the client says, hears whole replies. */
export class LmtpClient {
  socket: Socket;
  #text = '';
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    this.listenTo(socket);
  }

  static async connect(listener: Pick<Listener, 'address'>): Promise<LmtpClient> {
    const { address } = listener;
    const target: NetConnectOpts =
      'path' in address ? { path: address.path } : { port: address.port, host: address.host ?? '127.0.0.1' };
    const socket = connect({ ...target, allowHalfOpen: true });
    await once(socket, 'connect');
    return new LmtpClient(socket);
  }

  /** Goes on with another socket: TLS over the old one. */
  listenTo(socket: Socket): void {
    this.socket.removeAllListeners('data');
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('utf8');
      this.#wake?.();
    });
    const ended = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.on('end', ended).on('close', ended);
  }

  send(text: string | Uint8Array): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'utf8') : text);
  }

  /** The next reply with all its lines, without the last CRLF; 'END' when the server has ended. */
  async reply(): Promise<string> {
    for (;;) {
      const match = /^(?:\d{3}-.*\r\n)*\d{3}(?: .*)?\r\n/.exec(this.#text);
      if (match !== null) {
        this.#text = this.#text.slice(match[0].length);
        return match[0].slice(0, -2);
      }
      if (this.#ended) return this.#text === '' ? 'END' : `garbage: ${this.#text}`;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  async replies(count: number): Promise<string[]> {
    const replies: string[] = [];
    for (let i = 0; i < count; i++) replies.push(await this.reply());
    return replies;
  }

  /** Sends a command line and gives its reply. */
  async say(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    return await this.reply();
  }

  /** Plays a transcript: lines `C: ...` are sent with CRLF, `S: ...` must be the replies' lines. */
  async play(transcript: string): Promise<void> {
    for (const row of transcript.split('\n')) {
      const line = row.trim();
      if (line === '') continue;
      const text = line.slice(3);
      if (line.startsWith('C:')) this.send(`${text}\r\n`);
      else {
        const got = await this.line();
        if (got !== text) throw new Error(`expected ${JSON.stringify(text)}, got ${JSON.stringify(got)}`);
      }
    }
  }

  /** One line, without its CRLF. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf('\r\n');
      if (end !== -1) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return line;
      }
      if (this.#ended) return 'END';
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  /** Greeting and LHLO are done; `count` recipients are accepted. */
  async begin(count = 1): Promise<void> {
    await this.reply();
    await this.say('LHLO client.example');
    await this.say('MAIL FROM:<a@example.com>');
    for (let i = 0; i < count; i++) await this.say(`RCPT TO:<r${i}@example.com>`);
  }
}
