import type { ListenAddress } from '../../lib/base/config.ts';
import {
  type DeliveryFact,
  type DeliveryOptions,
  type ScriptFailure,
  StoreDelivery,
} from '../../lib/delivery/deliver.ts';
import { Outgoing } from '../../lib/delivery/outgoing.ts';
import { Account } from '../../lib/store/account.ts';
import { Directory } from '../../lib/store/directory.ts';
import { flagNames } from '../../lib/store/flag-names.ts';
import type { MailStore } from '../../lib/store/mail-store.ts';
import { messageBytes } from '../../lib/store/messages.ts';
import { putScript, setActiveScript } from '../../lib/store/scripts.ts';
import { addUser } from '../../lib/store/users.ts';
import { LmtpClient, openLmtp } from '../lmtp/support.ts';
import { openSmtpSink, type SmtpSink } from '../support/smtp-sink.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

/** A store with users, a delivery, and an LMTP gateway in front of it. */
export interface SieveHome extends AsyncDisposable {
  readonly home: TestStore;
  readonly store: MailStore;
  readonly failures: ScriptFailure[];
  readonly facts: DeliveryFact[];
  readonly errors: unknown[];
  /** What was not sent: `vacation: why`. */
  readonly unsent: string[];
  /** What becomes of outgoing mail: `redirect to@example.org queued`. */
  readonly outgoing: string[];
  /** The relay, when the home was opened with one. */
  readonly sink: SmtpSink;
  account(user?: string): Promise<Account>;
  /** Gives a user an active script. */
  script(source: string, user?: string): Promise<void>;
  /** Sends a message over LMTP; the replies after its last dot, one for each recipient. */
  send(message: string, options?: Sending): Promise<string[]>;
  /** Everything a user has: `INBOX: subject [flags]`, by name. */
  mail(user?: string): Promise<string[]>;
  /** Texts of the messages in a mailbox. */
  texts(mailbox?: string, user?: string): Promise<string[]>;
}

export interface Sending {
  readonly from?: string;
  readonly to?: readonly string[];
  /** Parameters of MAIL and of each RCPT: ` RET=HDRS`. */
  readonly ofMail?: string;
  readonly ofRcpt?: string;
}

export async function openSieveHome(
  { relay = false, ...options }: DeliveryOptions & { readonly relay?: boolean } = {},
  users: readonly string[] = ['anna', 'bert'],
): Promise<SieveHome> {
  const sink = await openSmtpSink();
  const home = await openTestStore({ withJobs: relay });
  const { store } = home;
  for (const name of users) await addUser(store, { name, verifier: undefined });
  const failures: ScriptFailure[] = [];
  const facts: DeliveryFact[] = [];
  const errors: unknown[] = [];
  const unsent: string[] = [];
  const sent: string[] = [];
  const outgoing = new Outgoing(store, ({ kind, to, outcome }) => sent.push(`${kind} ${to} ${outcome}`));
  const sending = relay ? outgoing.run(sink.outbox) : undefined;
  const delivery = new StoreDelivery(store, {
    ...(relay && { outgoing }),
    responses: {
      servername: 'mail.example.com',
      defaultDomain: 'example.com',
      onUnsent: ({ action, why }) => unsent.push(`${action}: ${why}`),
      onNotify: ({ user, message: text }) => unsent.push(`notify ${user}: ${text}`),
    },
    defaultDomain: 'example.com',
    onScriptFailed: (failure) => failures.push(failure),
    onDelivered: (fact) => facts.push(fact),
    onError: (what, error) => errors.push(`${what}: ${String(error)}`),
    ...options,
  });
  const listener = await openLmtp(delivery, { takesReports: relay });
  return {
    home,
    store,
    failures,
    facts,
    errors,
    unsent,
    outgoing: sent,
    sink,
    account: (user = 'anna') => accountOf(store, user),
    async script(source, user = 'anna') {
      const account = await accountOf(store, user);
      await putScript(account, 'main', Buffer.from(source), { scripts: 100, scriptBytes: 2 ** 20 });
      await setActiveScript(account, 'main');
    },
    send: (message, options) => sendTo(listener.address, message, options),
    mail: (user = 'anna') => listMail(store, user),
    texts: async (mailbox = 'INBOX', user = 'anna') => texts(await accountOf(store, user), mailbox),
    async [Symbol.asyncDispose]() {
      await listener.drain();
      await sending?.stop();
      await sink[Symbol.asyncDispose]();
      await home.close();
    },
  };
}

/** A message with this subject; more header lines and a body where given. */
export function message(subject: string, header = '', body = 'Hello'): string {
  const id = `${subject.replace(/[^a-z0-9]/gi, '.')}@example.org`;
  return (
    `Received: from origin by mta; then\nFrom: Sender <sender@example.org>\nTo: anna@example.com\n${header}` +
    `Subject: ${subject}\nMessage-ID: <${id}>\nDate: Tue, 24 Nov 2026 10:00:00 +0000\n\n${body}`
  );
}

export async function accountOf(store: MailStore, name: string): Promise<Account> {
  const user = await new Directory(store.ports.index).find(name);
  if (user === undefined) throw new Error(`no user ${name}`);
  return new Account(store, user);
}

/** Sends a message over LMTP; the replies after its last dot, one for each recipient, those to RCPT that refuse before. */
export async function sendTo(
  address: ListenAddress,
  text: string,
  { from = 'sender@example.org', to = ['anna@example.com'], ofMail = '', ofRcpt = '' }: Sending = {},
): Promise<string[]> {
  const client = await LmtpClient.connect({ address });
  try {
    await client.reply();
    await client.say('LHLO client.example');
    await client.say(`MAIL FROM:<${from}>${ofMail}`);
    const refused: string[] = [];
    for (const one of to) {
      const answer = await client.say(`RCPT TO:<${one}>${ofRcpt}`);
      if (!answer.startsWith('250')) refused.push(answer);
    }
    if (refused.length === to.length) return refused;
    await client.say('DATA');
    client.send(`${text.replace(/\r?\n/g, '\r\n')}\r\n.\r\n`);
    return [...refused, ...(await client.replies(to.length - refused.length))];
  } finally {
    client.socket.destroy();
  }
}

/** Everything a user has: `INBOX: subject [flags]`, by name. */
export async function listMail(store: MailStore, user: string): Promise<string[]> {
  const account = await accountOf(store, user);
  const { view } = await account.tree.refresh();
  const lines: string[] = [];
  for (const name of [...view.state.bindings.keys()].sort()) {
    for (const line of await listed(account, name)) lines.push(`${name}: ${line}`);
  }
  return lines;
}

async function listed(account: Account, name: string): Promise<string[]> {
  const open = await account.open(name);
  const { view } = await open.mailbox.refresh();
  const rows = await open.mailbox.cold(view, view.allUids());
  const lines: string[] = [];
  for (const [uid, { blob }] of rows) {
    const text = (await messageBytes(account.store.context, open.space, blob)).toString('utf8');
    const subject = /^subject: (.*)\r$/im.exec(text)?.[1] ?? '(none)';
    const flags = flagNames(view, view.bitsOf(uid) ?? 0n).join(' ');
    lines.push(flags === '' ? subject : `${subject} [${flags}]`);
  }
  return lines;
}

async function texts(account: Account, name: string): Promise<string[]> {
  const open = await account.open(name);
  const { view } = await open.mailbox.refresh();
  const rows = await open.mailbox.cold(view, view.allUids());
  const all = [...rows.values()].map(({ blob }) => messageBytes(account.store.context, open.space, blob));
  return (await Promise.all(all)).map((bytes) => bytes.toString());
}
