import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { type Pop3Limits, pop3Limits } from '../../lib/base/limits.ts';
import type { Log } from '../../lib/base/log.ts';
import { Account } from '../../lib/store/account.ts';
import type { User } from '../../lib/store/directory.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { MaildropLock, PolledLately } from '../../lib/store/maildrop-lock.ts';
import { INBOX } from '../../lib/store/tree-view.ts';
import { type Connection, ConnectionClosed, IdleTimeout } from '../net/connection.ts';
import { connectionLog } from '../net/connection-log.ts';
import type { Line } from '../net/line-reader.ts';
import { commands } from './commands/table.ts';
import type { Context, Pop3Options } from './context.ts';
import { Refused, refusalOf } from './errors.ts';
import { BrokenExchange, Input } from './input.ts';
import { Maildrop } from './maildrop.ts';
import { BadArgument, parseLine } from './wire/arguments.ts';

/** What a client beyond the connection limits is told. */
export const pop3Refusal = '-ERR [SYS/TEMP] Too many connections\r\n';

/** Makes the `serve` of a listener: each connection becomes a POP3 session (RFC 1939). */
export function servePop3(
  options: Omit<Pop3Options, 'limits'> & { readonly limits?: Partial<Pop3Limits> },
): (connection: Connection) => Promise<void> {
  const whole = { ...options, limits: { ...pop3Limits, ...options.limits } };
  return (connection) => new Session(connection, whole).run();
}

/** One client, from greeting to goodbye. */
class Session implements Context {
  readonly options: Pop3Options;
  readonly connection: Connection;
  readonly input: Input;
  log: Log;
  name: string | undefined;
  utf8 = false;
  #maildrop: Maildrop | undefined;
  #over = false;
  #lagging = false;
  #badInARow = 0;
  #failedLogins = 0;

  constructor(connection: Connection, options: Pop3Options) {
    this.options = options;
    this.connection = connection;
    this.input = new Input(connection, options.limits.lineBytes);
    this.log = connectionLog(options.log, 'pop3', connection);
  }

  get passwordsAllowed(): boolean {
    return this.options.allowPlaintext || this.connection.secured || this.connection.remoteAddress === '';
  }

  get loggedIn(): boolean {
    return this.#maildrop !== undefined;
  }

  get maildrop(): Maildrop {
    if (this.#maildrop === undefined) throw new Error('nobody is logged in');
    return this.#maildrop;
  }

  ok(text: string): void {
    this.write(`+OK ${text}\r\n`);
  }

  write(data: string | Uint8Array): void {
    if (!this.connection.write(data)) this.#lagging = true;
  }

  async flow(): Promise<void> {
    if (this.connection.isClosed) throw new ConnectionClosed('the client is gone');
    if (!this.#lagging) return;
    this.#lagging = false;
    await this.connection.flush();
  }

  async logIn(user: User): Promise<void> {
    const { store, limits, minPollMinutes } = this.options;
    const inbox = await new Account(store, user).open(INBOX);
    const lock = await MaildropLock.take(store.context, inbox.mailbox.id, { minPollMs: minPollMinutes * 60_000 });
    try {
      this.#maildrop = await Maildrop.open(inbox, lock, limits);
    } catch (error) {
      await lock.release().catch(() => undefined);
      throw error;
    }
    this.log = this.log.child({ user: user.name });
    this.connection.idleTimeoutMs = limits.idleMs;
  }

  failLogin(): void {
    if (++this.#failedLogins >= this.options.limits.failedLogins) this.end();
  }

  end(): void {
    this.#over = true;
  }

  async run(): Promise<void> {
    const { connection, options } = this;
    connection.idleTimeoutMs = options.limits.loginMs;
    connection.onDrain(() => {
      if (this.input.isWaiting) void this.#hangUp();
    });
    this.ok(`${options.servername} Cirrus POP3 server ready`);
    try {
      while (!this.#over) await this.#step();
    } catch (error) {
      this.#end(error);
    } finally {
      await this.#maildrop?.close().catch((error: unknown) => this.#report(error));
    }
  }

  async #step(): Promise<void> {
    if (this.connection.draining) {
      this.#refuse('Server shutting down', 'SYS/TEMP');
      return this.end();
    }
    const line = await this.input.line();
    if (line === undefined) this.end();
    else await this.#command(line);
    await this.flow();
  }

  async #command(line: Line): Promise<void> {
    if (line.kind === 'bare-lf') {
      this.#refuse('Lines must end with CRLF');
      return this.end();
    }
    try {
      if (line.kind === 'too-long') throw new BadArgument('The line is too long');
      const text = line.bytes.toString('utf8');
      if (!isUtf8(line.bytes) || text.includes('\0')) throw new BadArgument('This is not UTF-8');
      const { verb, rest } = parseLine(text);
      const row = commands.get(verb);
      if (row === undefined) throw new BadArgument('Unknown command');
      const name = this.name;
      // USER counts for the very next command only (RFC 1939 §7, PASS).
      if (verb !== 'PASS') this.name = undefined;
      if (row.state === 'before-login' && this.loggedIn) throw new Refused('You are logged in already');
      if (row.state === 'logged-in') this.#mayGoOn();
      this.name = verb === 'PASS' ? name : this.name;
      await row.run(this, rest);
      this.#badInARow = 0;
    } catch (error) {
      this.#fail(error);
    }
  }

  #mayGoOn(): void {
    if (this.#maildrop === undefined) throw new Refused('Please log in first');
    try {
      this.#maildrop.checkLock();
    } catch (error) {
      this.end();
      throw error;
    }
  }

  /** Answers a command that did not succeed; what is no answer is thrown on. */
  #fail(error: unknown): void {
    if (error instanceof ConnectionClosed || error instanceof IdleTimeout) throw error;
    if (error instanceof BadArgument) {
      if (++this.#badInARow >= this.options.limits.badCommands) this.end();
      this.#refuse(error.message);
      return;
    }
    if (error instanceof BrokenExchange) this.end();
    const polled = error instanceof PolledLately ? new Refused(this.#pollText(), 'LOGIN-DELAY') : undefined;
    const broken = error instanceof BrokenExchange ? new Refused(error.message) : undefined;
    const refusal = polled ?? broken ?? refusalOf(error);
    if (refusal === undefined) throw error;
    // A refusal with a cause is the world's failure: nobody else would tell whoever runs the server.
    if (error instanceof StoreError && error.cause !== undefined) this.log.error({ err: error }, 'the store failed');
    this.#refuse(refusal.message, refusal.code);
  }

  #pollText(): string {
    const { minPollMinutes } = this.options;
    return `Logins must be at least ${minPollMinutes} minute${minPollMinutes === 1 ? '' : 's'} apart`;
  }

  #refuse(text: string, code?: string): void {
    const plain = text.replace(/[^\x20-\x7e]/g, '?');
    this.write(`-ERR ${code === undefined ? '' : `[${code}] `}${plain}\r\n`);
  }

  #report(err: unknown): string {
    const errorId = randomUUID();
    this.log.error({ err, errorId }, 'internal error');
    return errorId;
  }

  async #hangUp(): Promise<void> {
    this.#refuse('Server shutting down', 'SYS/TEMP');
    await this.connection.close();
  }

  #end(error: unknown): void {
    // RFC 1939 §3: on autologout nothing is sent and nothing removed.
    if (error instanceof IdleTimeout || error instanceof ConnectionClosed)
      this.log.debug({ reason: error.message }, 'client gone');
    else this.#refuse(`Internal error ${this.#report(error)}`, 'SYS/PERM');
  }
}
