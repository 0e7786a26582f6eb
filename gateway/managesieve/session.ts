import { randomUUID } from 'node:crypto';
import { Logins } from '../../lib/auth/logins.ts';
import { type ManageSieveLimits, manageSieveLimits } from '../../lib/base/limits.ts';
import type { Log } from '../../lib/base/log.ts';
import { Account } from '../../lib/store/account.ts';
import type { User } from '../../lib/store/directory.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { type Connection, ConnectionClosed, IdleTimeout } from '../net/connection.ts';
import { connectionLog } from '../net/connection-log.ts';
import { capabilities } from './capabilities.ts';
import { commands, type Row } from './commands/table.ts';
import type { Context, ManageSieveOptions } from './context.ts';
import { refusal } from './errors.ts';
import { Input } from './input.ts';
import { BadSyntax, type Frame } from './wire/frame.ts';
import type { FramerEvent } from './wire/framer.ts';
import { type Command, parseCommand } from './wire/parse-command.ts';
import { type Code, no, ok, type Reply, response } from './wire/write.ts';

/** What a client beyond the connection limits is told. */
export const manageSieveRefusal = 'BYE (TRYLATER) "Too many connections"\r\n';

/** Makes the `serve` of a listener: each connection becomes a ManageSieve session (RFC 5804). */
export function serveManageSieve(
  options: Omit<ManageSieveOptions, 'limits' | 'logins'> & {
    readonly limits?: Partial<ManageSieveLimits>;
    /** Without: sessions of users are not limited. */
    readonly logins?: Logins;
  },
): (connection: Connection) => Promise<void> {
  const whole = { logins: new Logins(0), ...options, limits: { ...manageSieveLimits, ...options.limits } };
  return (connection) => new Session(connection, whole).run();
}

/** One client, from greeting to goodbye. */
class Session implements Context {
  readonly options: ManageSieveOptions;
  readonly connection: Connection;
  readonly input: Input;
  log: Log;
  readonly #plainLog: Log;
  #account: Account | undefined;
  #endLogin: () => void = () => undefined;
  #over = false;
  #badInARow = 0;
  #failedLogins = 0;

  constructor(connection: Connection, options: ManageSieveOptions) {
    this.options = options;
    this.connection = connection;
    const { lineBytes, skipBytes, loginBytes } = options.limits;
    this.input = new Input(connection, { lineBytes, skipBytes, literalBytes: loginBytes });
    this.#plainLog = connectionLog(options.log, 'sieve', connection);
    this.log = this.#plainLog;
  }

  get passwordsAllowed(): boolean {
    return this.options.allowPlaintext || this.connection.secured || this.connection.remoteAddress === '';
  }

  get isLoggedIn(): boolean {
    return this.#account !== undefined;
  }

  get account(): Account {
    if (this.#account === undefined) throw new Error('nobody is logged in');
    return this.#account;
  }

  write(data: string | Uint8Array): void {
    this.connection.write(data);
  }

  logIn(user: User): boolean {
    const { limits, store, scriptLimits, logins } = this.options;
    const { lineBytes, skipBytes, loginBytes, idleMs } = limits;
    const end = logins.begin(user.id);
    if (end === undefined) return false;
    this.#endLogin = end;
    this.#account = new Account(store, user);
    this.log = this.#plainLog.child({ user: user.name });
    this.connection.idleTimeoutMs = idleMs;
    // A name may be a literal too.
    const literalBytes = Math.max(scriptLimits.scriptBytes, loginBytes) + loginBytes;
    this.input.setLimits({ lineBytes, skipBytes, literalBytes });
    return true;
  }

  logOut(): void {
    const { lineBytes, skipBytes, loginBytes, loginMs } = this.options.limits;
    this.#endLogin();
    this.#account = undefined;
    this.log = this.#plainLog;
    this.connection.idleTimeoutMs = loginMs;
    this.input.setLimits({ lineBytes, skipBytes, literalBytes: loginBytes });
  }

  failLogin(): void {
    this.#failedLogins++;
  }

  finish(): void {
    this.#over = true;
  }

  async run(): Promise<void> {
    const { connection, options } = this;
    connection.idleTimeoutMs = options.limits.loginMs;
    connection.onDrain(() => {
      if (this.input.isBetween) void this.#hangUp();
    });
    this.write(capabilities(this));
    this.#answer(ok());
    try {
      while (!this.#over) await this.#step();
    } catch (error) {
      this.#end(error);
    } finally {
      this.#endLogin();
    }
  }

  async #step(): Promise<void> {
    if (this.connection.draining) return this.#bye('Server shutting down', 'TRYLATER');
    const event = await this.input.next();
    if (event === undefined) this.#over = true;
    else await this.#handle(event);
    if (!this.#over) await this.connection.flush();
  }

  async #handle(event: FramerEvent): Promise<void> {
    if (event.kind === 'hopeless') return this.#bye('Too much to skip');
    if (event.kind === 'command') return this.#command(event.frame);
    if (event.reason === 'line-too-long') return this.#bad('The command line is too long');
    if (!this.isLoggedIn) return this.#bad('The literal is too big');
    const { scriptBytes } = this.options.scriptLimits;
    this.#answer(no(`Script size is too large. Max script size is ${scriptBytes} bytes`, 'QUOTA/MAXSIZE'));
  }

  async #command(frame: Frame): Promise<void> {
    try {
      const command = parseCommand(frame);
      const row = commands[command.name] as Row<Command>;
      if (row.state === 'before-login' && this.isLoggedIn) throw new BadSyntax('You are logged in already');
      if (row.state === 'logged-in' && !this.isLoggedIn) throw new BadSyntax('Authenticate first');
      const reply = await row.run(this, command);
      this.#badInARow = 0;
      this.#answer(reply);
      if (this.#failedLogins >= this.options.limits.failedLogins) this.#bye('Too many failed logins');
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Answers a command that did not succeed; what is no answer is thrown on. */
  #fail(error: unknown): void {
    if (error instanceof ConnectionClosed || error instanceof IdleTimeout) throw error;
    if (error instanceof BadSyntax) this.#bad(error.message);
    else if (error instanceof StoreError) {
      // A refusal with a cause is the world's failure: nobody else would tell whoever runs the server.
      if (error.cause !== undefined) this.log.error({ err: error }, 'the store failed');
      this.#answer(refusal(error));
    } else this.#bye(`Internal error ${this.#report(error)}`);
  }

  #bad(text: string): void {
    this.#answer(no(text));
    if (++this.#badInARow >= this.options.limits.badCommands) this.#bye('Too many bad commands');
  }

  #answer(reply: Reply): void {
    this.write(response(reply));
  }

  #bye(text: string, code?: Code): void {
    if (!this.#over) this.#answer({ state: 'BYE', code, text });
    this.#over = true;
  }

  #report(err: unknown): string {
    const errorId = randomUUID();
    this.log.error({ err, errorId }, 'internal error');
    return errorId;
  }

  async #hangUp(): Promise<void> {
    this.#bye('Server shutting down', 'TRYLATER');
    await this.connection.close();
  }

  #end(error: unknown): void {
    if (error instanceof IdleTimeout) this.#bye('Idle for too long');
    else if (error instanceof ConnectionClosed) this.log.debug({ reason: error.message }, 'client gone');
    else this.#bye(`Internal error ${this.#report(error)}`);
  }
}
