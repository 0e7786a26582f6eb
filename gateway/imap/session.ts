import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../../lib/base/log.ts';
import { Account, noPermission } from '../../lib/store/account.ts';
import type { User } from '../../lib/store/directory.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { NameView } from '../../lib/store/name-view.ts';
import { hasRight } from '../../lib/store/rights.ts';
import { type Connection, ConnectionClosed, IdleTimeout } from '../net/connection.ts';
import { connectionLog } from '../net/connection-log.ts';
import type { AppendEvent } from './append-input.ts';
import { capabilities } from './capabilities.ts';
import { runAppend } from './commands/append.ts';
import { commands, type Row } from './commands/table.ts';
import type { Context, Extension, ImapOptions } from './context.ts';
import { BrokenLiteral, Refused, refusal } from './errors.ts';
import { Input } from './input.ts';
import type { Notifier } from './notify/notifier.ts';
import { referCommand } from './referrals.ts';
import { bad, no, type Reply } from './reply.ts';
import type { Selected, Style, Telling } from './selected.ts';
import { usesNumbers } from './uses-numbers.ts';
import { isAppend } from './wire/append.ts';
import { BadSyntax } from './wire/bad-syntax.ts';
import type { ImapCommand, ImapCommandName } from './wire/commands.ts';
import type { FramerEvent } from './wire/framer.ts';
import { LIMITS_AFTER_LOGIN, LIMITS_BEFORE_LOGIN } from './wire/limits.ts';
import { parseCommand, type TaggedCommand } from './wire/parse-command.ts';
import type { Dialect } from './wire/read/reader.ts';
import { condition } from './wire/write/response.ts';
import { capabilityCode, inProgress } from './wire/write/response-code.ts';

/** The row of a verb takes the command of that verb; the reader made both fit, which the types cannot see here. */
function rowOf(name: ImapCommandName): Row<ImapCommand> | undefined {
  return (commands as Partial<Record<ImapCommandName, Row>>)[name] as Row<ImapCommand> | undefined;
}

interface Login {
  readonly account: Account;
  readonly names: NameView;
  end(): void;
}

/** One client, from greeting to goodbye. */
export class Session implements Context {
  readonly options: ImapOptions;
  readonly connection: Connection;
  readonly input: Input;
  readonly enabled = new Set<Extension>();
  log: Log;
  #login: Login | undefined;
  #selected: Selected | undefined;
  #notifier: Notifier | undefined;
  #over = false;
  #lagging = false;
  #badInARow = 0;
  #failedLogins = 0;
  #turnAt = performance.now();
  #wroteAt = performance.now();
  /** The command at hand, and how much of it is done. */
  #running: { readonly tag: string; done?: number; goal?: number } | undefined;

  constructor(connection: Connection, options: ImapOptions) {
    this.options = options;
    this.connection = connection;
    this.input = new Input(connection);
    this.log = connectionLog(options.log, 'imap', connection);
  }

  comesFrom(address: string): void {
    if (this.#login !== undefined) return;
    this.connection.remoteAddress = address;
    this.log = connectionLog(this.options.log, 'imap', this.connection);
  }

  get dialect(): Dialect {
    const utf8 = this.enabled.has('IMAP4REV2') || this.enabled.has('UTF8=ACCEPT');
    return { utf8, ...(this.#login && { names: this.#login.names }) };
  }

  get style(): Style {
    const qresync = this.enabled.has('QRESYNC');
    const uidOnly = this.enabled.has('UIDONLY');
    return {
      rev2: this.enabled.has('IMAP4REV2'),
      condstore: qresync || this.enabled.has('CONDSTORE'),
      qresync,
      uidOnly,
    };
  }

  get passwordsAllowed(): boolean {
    return this.options.allowPlaintext || this.connection.secured || this.connection.remoteAddress === '';
  }

  get capabilities(): string[] {
    const { suppressed = [] } = this.options;
    const names = capabilities({
      loggedIn: this.#login !== undefined,
      startTls: this.options.secureContext !== undefined && !this.connection.secured,
      passwords: this.passwordsAllowed,
      compressed: this.connection.compressed,
      maxMessageBytes: this.options.maxMessageBytes,
      messageLimit: this.options.messageLimit ?? 0,
      saveLimit: this.options.saveLimit ?? 0,
      referrals: this.options.referrals !== undefined,
      manageSieve: this.options.events && (this.options.manageSieve ?? ''),
      outbox: this.options.outbox && this.#login?.names.toWire(this.options.outbox.path),
    });
    return suppressed.length === 0 ? names : names.filter((name) => !suppressed.includes(name));
  }

  get account(): Account {
    return this.#who().account;
  }

  get names(): NameView {
    return this.#who().names;
  }

  #who(): Login {
    if (this.#login === undefined) throw new Error('nobody is logged in');
    return this.#login;
  }

  get hasSelected(): boolean {
    return this.#selected !== undefined;
  }

  get selected(): Selected {
    if (this.#selected === undefined) throw new Error('no mailbox is selected');
    return this.#selected;
  }

  get notifier(): Notifier | undefined {
    return this.#notifier;
  }

  setNotifier(notifier: Notifier | undefined): void {
    this.#notifier?.stop();
    this.#notifier = notifier;
  }

  select(selected: Selected | undefined): void {
    this.#selected?.release();
    this.#selected = selected;
  }

  logIn(user: User): boolean {
    const { store, accounts, logins } = this.options;
    const account = new Account(store, user, accounts);
    const names = new NameView(account);
    const end = logins.begin(user.id);
    if (end === undefined) return false;
    this.#login = { account, names, end };
    this.log = this.log.child({ user: user.name });
    this.input.setLimits(LIMITS_AFTER_LOGIN);
    this.connection.idleTimeoutMs = this.options.limits.idleMs;
    return true;
  }

  logOut(): void {
    this.#login?.end();
    this.#login = undefined;
    this.select(undefined);
    this.setNotifier(undefined);
    this.enabled.clear();
    this.log = connectionLog(this.options.log, 'imap', this.connection);
    this.input.setLimits(LIMITS_BEFORE_LOGIN);
    this.connection.idleTimeoutMs = this.options.limits.loginMs;
  }

  failLogin(): void {
    if (++this.#failedLogins >= this.options.limits.failedLogins) this.bye('Too many failed logins');
  }

  write(data: string | Uint8Array): void {
    this.#wroteAt = performance.now();
    if (!this.connection.write(data)) this.#lagging = true;
  }

  async flow(): Promise<void> {
    if (this.connection.isClosed) throw new ConnectionClosed('the client is gone');
    if (!this.#lagging) return;
    this.#lagging = false;
    await this.connection.flush();
  }

  progress(done: number, goal: number): void {
    if (this.#running !== undefined) this.#running = { ...this.#running, done, goal };
  }

  async breathe(): Promise<void> {
    await this.flow();
    const now = performance.now();
    if (now - this.#turnAt < this.options.limits.sliceMs) return;
    // Also how a client that went away in a long command is found out: it may have ended its side and still listen.
    if (now - this.#wroteAt >= this.options.limits.progressMs) {
      const { tag, done, goal } = this.#running ?? {};
      this.write(condition(null, 'OK', tag === undefined ? null : inProgress(tag, done, goal), 'Still here'));
      await this.connection.flush();
    }
    await nextTurn();
    this.#turnAt = performance.now();
    if (this.connection.isClosed) throw new ConnectionClosed('the client is gone');
  }

  async tell(telling: Telling): Promise<void> {
    const selected = this.#selected;
    if (selected === undefined) return;
    await selected.recallSeen();
    if (!this.style.rev2 && selected.isBehind) await selected.claimRecent().catch(ignoreUnavailable);
    for (const text of selected.tell(this.style, this.notifier?.telling(telling) ?? telling)) {
      this.write(text);
      await this.flow();
    }
    if (selected.isOpen) return selected.updates.refresh(this, selected);
    // RFC 2180 §3.3: another session deleted the mailbox.
    this.select(undefined);
    this.bye('The selected mailbox was deleted');
  }

  bye(text: string, code: string | null = null): void {
    if (!this.#over) this.write(condition(null, 'BYE', code, text));
    this.#over = true;
  }

  async run(): Promise<void> {
    const { connection, options } = this;
    connection.idleTimeoutMs = options.limits.loginMs;
    connection.onDrain(() => {
      if (this.input.isBetween) void this.#hangUp();
    });
    const code = capabilityCode(this.capabilities);
    this.write(condition(null, 'OK', code, `${options.servername} Cirrus IMAP server ready`));
    try {
      while (!this.#over) await this.#step();
    } catch (error) {
      this.#end(error);
    } finally {
      this.#login?.end();
      this.setNotifier(undefined);
      this.select(undefined);
    }
  }

  async #step(): Promise<void> {
    if (this.connection.draining) return this.bye('Server shutting down', 'UNAVAILABLE');
    this.#notifier?.resume();
    const event = await this.input.between();
    await this.#notifier?.pause();
    if (event === undefined) this.#over = true;
    else await this.#handle(event);
    await this.flow();
  }

  async #handle(event: Exclude<FramerEvent, { readonly kind: 'continue' }>): Promise<void> {
    switch (event.kind) {
      case 'command':
        if (isAppend(event.frame)) return this.#append(event);
        return this.#command(() => parseCommand(event.frame, this.dialect));
      case 'message':
        return this.#append(event);
      case 'refused':
        if (event.reason === 'line-too-long') return this.#answer(event.tag, bad('The command line is too long'));
        return this.#answer(event.tag, no('The literal is too big', 'TOOBIG'));
      case 'hopeless':
        return this.bye('Too much to skip');
      case 'line':
      case 'data':
      case 'message-end':
        throw new Error(`unexpected ${event.kind}`);
    }
  }

  async #command(parse: () => TaggedCommand): Promise<void> {
    let tag: string | null = null;
    let telling: Telling = { expunges: false, withUid: false };
    try {
      const { tag: given, command } = parse();
      tag = given;
      const row = rowOf(command.name);
      if (row === undefined) throw new BadSyntax('Unknown command', tag);
      this.#mayRun(row);
      if (this.style.uidOnly && usesNumbers(command)) throw new Refused(bad('UIDs are required', 'UIDREQUIRED'));
      const uid = 'uid' in command && command.uid;
      telling = { expunges: row.numbers !== 'used' || uid, withUid: uid };
      await this.#refreshRights();
      if (row.state === 'selected' && !this.hasSelected) throw noPermission();
      this.#running = { tag };
      const reply = referCommand(this, command) ?? (await row.run(this, command, tag));
      this.#running = undefined;
      await this.#tellAll(telling);
      if (reply !== undefined) this.#answer(tag, reply);
    } catch (error) {
      this.#running = undefined;
      await this.#fail(tag, error, telling);
    }
  }

  /** Before a command is answered, whatever became of it. */
  async #tellAll(telling: Telling): Promise<void> {
    await this.tell(telling);
    const howFar = this.#selected?.howFar(this.style);
    if (howFar !== undefined) this.write(howFar);
  }

  /** What another has changed in the ACL counts from the next command on; who may read no more is in the mailbox no more. */
  async #refreshRights(): Promise<void> {
    const selected = this.#selected;
    if (selected === undefined) return;
    const lines = await selected.refreshRights();
    if (hasRight(selected.open.rights, 'r')) {
      for (const line of lines) this.write(line);
      return;
    }
    this.select(undefined);
    this.write(condition(null, 'OK', 'CLOSED', 'The selected mailbox may not be read any more'));
  }

  #mayRun({ state }: Row<ImapCommand>): void {
    const loggedIn = this.#login !== undefined;
    if (state === 'before-login' && loggedIn) throw new BadSyntax('You are logged in already');
    if ((state === 'logged-in' || state === 'selected') && !loggedIn) throw new BadSyntax('Please log in first');
    if (state === 'selected' && !this.hasSelected) throw new BadSyntax('Please select a mailbox first');
  }

  async #append(event: AppendEvent): Promise<void> {
    const asked: { tag: string | null } = { tag: null };
    const telling = { expunges: true, withUid: false };
    try {
      const reply = await runAppend(this, event, this.#login?.account, (tag) => (asked.tag = tag));
      await this.#tellAll(telling);
      this.#answer(asked.tag, reply);
    } catch (error) {
      await this.#fail(asked.tag, error, telling);
    }
  }

  /** Answers a command that did not succeed; what is no answer is thrown on. */
  async #fail(tag: string | null, error: unknown, telling: Telling): Promise<void> {
    if (error instanceof ConnectionClosed || error instanceof IdleTimeout || error instanceof BrokenLiteral)
      throw error;
    if (error instanceof BadSyntax) {
      this.#answer(error.tag ?? tag, bad(error.message));
      return;
    }
    if (!(error instanceof StoreError) && !(error instanceof Refused)) {
      const errorId = this.#report(error);
      this.#answer(tag, no(`Internal error ${errorId}`, 'SERVERBUG'));
      this.bye(`Internal error ${errorId}`);
      return;
    }
    // A refusal with a cause is the world's failure: nobody else would tell whoever runs the server.
    if (error instanceof StoreError && error.cause !== undefined) this.log.error({ err: error }, 'the store failed');
    const reply = error instanceof Refused ? error.reply : refusal(error);
    try {
      await this.#tellAll(telling);
    } finally {
      this.#answer(tag, reply);
    }
  }

  #answer(tag: string | null, { state, code, text }: Reply): void {
    this.#badInARow = state === 'BAD' ? this.#badInARow + 1 : 0;
    // RFC 3501 §9: text is US-ASCII unless the client has enabled more.
    const plain = this.dialect.utf8 ? text : text.replace(/[^\x20-\x7e]/g, '?');
    this.write(condition(tag, state, code, plain));
    if (this.#badInARow >= this.options.limits.badCommands) this.bye('Too many bad commands');
  }

  #report(err: unknown): string {
    const errorId = randomUUID();
    this.log.error({ err, errorId }, 'internal error');
    return errorId;
  }

  async #hangUp(): Promise<void> {
    this.bye('Server shutting down', 'UNAVAILABLE');
    await this.connection.close();
  }

  #end(error: unknown): void {
    if (error instanceof IdleTimeout) this.bye('Idle for too long');
    else if (error instanceof ConnectionClosed) this.log.debug({ reason: error.message }, 'client gone');
    else {
      const errorId = this.#report(error);
      // Within a literal, text would be taken for octets of the message.
      if (error instanceof BrokenLiteral) this.connection.destroy();
      else this.bye(`Internal error ${errorId}`);
    }
  }
}

/** Whether a message is \Recent is not worth a session: it can be told next time. */
function ignoreUnavailable(error: unknown): void {
  if (!(error instanceof StoreError && error.code === 'unavailable')) throw error;
}
