import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { systemClock } from '../../lib/base/clock.ts';
import { lmtpLimits } from '../../lib/base/limits.ts';
import type { Log } from '../../lib/base/log.ts';
import { type Connection, ConnectionClosed, IdleTimeout } from '../net/connection.ts';
import { connectionLog } from '../net/connection-log.ts';
import type { Line } from '../net/line-reader.ts';
import { isTrusted } from './access.ts';
import { abortTransaction } from './commands/rset.ts';
import { commands } from './commands/table.ts';
import type { Context, Envelope, LmtpOptions } from './context.ts';
import { ClientGone, Input } from './input.ts';
import { BadArgument } from './wire/path.ts';

/** What a client beyond the connection limits is told. */
export const lmtpRefusal = '421 4.3.2 Too many connections\r\n';

type Defaulted = 'clock' | 'limits' | 'takesReports';

/** Makes the `serve` of a listener: each connection becomes an LMTP session (RFC 2033). */
export function serveLmtp(
  options: Omit<LmtpOptions, Defaulted> & Partial<Pick<LmtpOptions, Defaulted>>,
): (connection: Connection) => Promise<void> {
  const whole = { clock: systemClock, limits: lmtpLimits, takesReports: false, ...options };
  return (connection) => new Session(connection, whole).run();
}

/** One client, from greeting to goodbye. */
class Session implements Context {
  readonly options: LmtpOptions;
  readonly connection: Connection;
  readonly input: Input;
  log: Log;
  readonly #plainLog: Log;
  client: string | undefined;
  user: string | undefined;
  envelope: Envelope | undefined;
  #over = false;
  #waiting = false;
  #failed = false;
  #badInARow = 0;
  #failedLogins = 0;
  #isAuthenticated = false;

  constructor(connection: Connection, options: LmtpOptions) {
    this.options = options;
    this.connection = connection;
    this.input = new Input(connection, options.limits.lineBytes);
    this.#plainLog = connectionLog(options.log, 'lmtp', connection);
    this.log = this.#plainLog;
  }

  get isAuthenticated(): boolean {
    return this.#isAuthenticated;
  }

  get mayDeliver(): boolean {
    return this.#isAuthenticated || isTrusted(this.options.access, this.connection);
  }

  logIn(user: string | undefined): void {
    this.#isAuthenticated = true;
    this.user = user;
    if (user !== undefined) this.log = this.#plainLog.child({ user });
  }

  logOut(): void {
    this.#isAuthenticated = false;
    this.user = undefined;
    this.log = this.#plainLog;
  }

  failLogin(): void {
    if (++this.#failedLogins >= this.options.limits.failedLogins) this.finish('421 4.7.0 Too many failed logins');
  }

  reply(text: string): void {
    if (!this.#over) this.connection.write(`${text}\r\n`);
  }

  finish(text: string): void {
    this.reply(text);
    this.#over = true;
  }

  internalError(err: unknown): string {
    const errorId = randomUUID();
    this.log.error({ err, errorId }, 'internal error');
    this.#failed = true;
    return `Internal error ${errorId}`;
  }

  async run(): Promise<void> {
    const { connection, options } = this;
    connection.idleTimeoutMs = options.limits.idleMs;
    connection.onDrain(() => {
      // Between transactions there is nothing to wait for.
      if (this.#waiting && this.envelope === undefined) void this.#hangUp();
    });
    this.reply(`220 ${options.servername} LMTP Cirrus ready`);
    try {
      while (!this.#over) await this.#step();
    } catch (error) {
      this.#end(error);
    } finally {
      await abortTransaction(this);
    }
  }

  async #step(): Promise<void> {
    if (this.connection.draining && this.envelope === undefined) return this.finish('421 4.3.2 Service shutting down');
    if (this.#failed) return this.finish('421 4.3.0 Closing after an internal error');
    this.#waiting = true;
    const line = await this.input.line();
    this.#waiting = false;
    if (line === undefined) this.#over = true;
    else await this.#command(line);
  }

  async #command(line: Line): Promise<void> {
    if (line.kind === 'bare-lf') return this.finish('500 5.5.2 Lines must end with CRLF');
    if (line.kind === 'too-long') return this.#bad('500 5.5.2 Line too long');
    const text = line.bytes.toString('utf8');
    if (!isUtf8(line.bytes) || /[\x00-\x1f\x7f]/.test(text)) return this.#bad('500 5.5.2 Syntax error');
    const space = text.indexOf(' ');
    const verb = space === -1 ? text : text.slice(0, space);
    const argument = space === -1 ? '' : text.slice(space).trim();
    const command = commands.get(verb.toUpperCase());
    if (command === undefined) return this.#bad('500 5.5.1 Unknown command');
    try {
      await command(this, argument);
      this.#badInARow = 0;
    } catch (error) {
      if (!(error instanceof BadArgument)) throw error;
      this.#bad(error.reply);
    }
  }

  #bad(text: string): void {
    this.#badInARow++;
    if (this.#badInARow >= this.options.limits.badCommands) this.finish('421 4.7.0 Too many bad commands');
    else this.reply(text);
  }

  async #hangUp(): Promise<void> {
    this.finish('421 4.3.2 Service shutting down');
    await this.connection.close();
  }

  #end(error: unknown): void {
    if (error instanceof IdleTimeout) this.finish('421 4.4.2 Idle for too long');
    else if (error instanceof ClientGone || error instanceof ConnectionClosed)
      this.log.info({ reason: error.message }, 'client gone');
    else this.finish(`421 4.3.0 ${this.internalError(error)}`);
  }
}
