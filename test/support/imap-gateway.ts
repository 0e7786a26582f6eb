import type { SecureContext } from 'node:tls';
import type { Events } from '../../gateway/imap/events.ts';
import { imapRefusal, serveImap } from '../../gateway/imap/serve.ts';
import { Listener } from '../../gateway/net/listener.ts';
import { pop3Refusal, servePop3 } from '../../gateway/pop3/session.ts';
import type { Authenticator } from '../../lib/auth/authenticator.ts';
import type { Logins } from '../../lib/auth/logins.ts';
import { type Referral, Referrals, referring } from '../../lib/auth/referrals.ts';
import type { Clock } from '../../lib/base/clock.ts';
import type { ImapLimits, Pop3Limits } from '../../lib/base/limits.ts';
import { type Log, openLog } from '../../lib/base/log.ts';
import type { OutboxFolder } from '../../lib/delivery/outbox-folder.ts';
import type { AccountOptions } from '../../lib/store/account.ts';
import { Directory } from '../../lib/store/directory.ts';
import { MailStore, type StorePorts } from '../../lib/store/mail-store.ts';
import { addUser } from '../../lib/store/users.ts';
import { openTestHome, type TestHome } from './home.ts';

export interface GatewaySettings {
  /** Names of users; each has the password `secret`. */
  readonly users?: readonly string[];
  readonly maxMessageBytes?: number;
  readonly allowPlaintext?: boolean;
  readonly accounts?: AccountOptions;
  readonly secureContext?: () => SecureContext;
  readonly limits?: Partial<ImapLimits>;
  readonly clock?: Clock;
  readonly pop3Limits?: Partial<Pop3Limits>;
  readonly minPollMinutes?: number;
  readonly expireDays?: number;
  readonly quotaKib?: number;
  readonly referrals?: readonly Referral[];
  readonly suppressed?: readonly string[];
  readonly identify?: boolean;
  readonly submitServers?: readonly string[];
  readonly messageLimit?: number;
  readonly saveLimit?: number;
  readonly log?: Log;
  readonly logins?: Logins;
  /** Who is told what commands do. */
  readonly events?: (store: MailStore) => Events;
  readonly outbox?: (store: MailStore) => OutboxFolder;
  /** The home of another gateway, with its users; it stays when this one is closed. */
  readonly home?: TestHome;
  /** Other ports than its home's; they stay open when the gateway is closed. */
  readonly ports?: StorePorts;
  /** Who says who a client is; by default everybody has the password `secret`. */
  readonly authenticator?: (store: MailStore) => Authenticator;
}

export interface ImapGateway extends AsyncDisposable {
  readonly store: MailStore;
  readonly port: number;
  /** POP3 on the same mail. */
  readonly pop3Port: number;
  readonly home: TestHome;
  /** Internal errors that sessions or background work met. */
  readonly errors: unknown[];
  /** How many clients are connected, by IMAP or POP3. */
  connections(): number;
  /** Stops listening, and tells the sessions. */
  drain(): Promise<void>;
}

/** A real IMAP gateway on a home of its own, on an ephemeral port. */
export async function openImapGateway(settings: GatewaySettings = {}): Promise<ImapGateway> {
  const { users = ['anna'], clock, quotaKib } = settings;
  const home = settings.home ?? (await openTestHome());
  const isOwn = settings.home === undefined;
  const opened = settings.ports === undefined ? await home.open() : undefined;
  const errors: unknown[] = [];
  const onError = (what: string, error: unknown): void => void errors.push(`${what}: ${String(error)}`);
  const ports = settings.ports ?? opened;
  if (ports === undefined) throw new Error('a gateway without a home');
  const store = new MailStore(ports, { onError, ...(clock && { clock }) });
  for (const name of isOwn ? users : []) await addUser(store, { name, verifier: undefined, quotaKib });
  // Their first checkpoints, so that what tests do to the ports meets nothing but their own requests.
  await store.settle();
  const destination = {
    write(line: string): void {
      if (line.includes('"level":"error"')) errors.push(line);
    },
  };
  const log = settings.log ?? openLog('error', destination);
  const referrals = settings.referrals && new Referrals(settings.referrals, settings.accounts?.defaultDomain);
  const serve = serveImap({
    store,
    authenticator: referring((settings.authenticator ?? secretAuthenticator)(store), referrals),
    referrals,
    servername: 'mail.example.com',
    maxMessageBytes: settings.maxMessageBytes ?? 0,
    allowPlaintext: settings.allowPlaintext ?? true,
    log,
    ...(settings.accounts && { accounts: settings.accounts }),
    ...(settings.secureContext && { secureContext: settings.secureContext }),
    ...(settings.limits && { limits: settings.limits }),
    messageLimit: settings.messageLimit ?? 0,
    saveLimit: settings.saveLimit ?? 0,
    ...(settings.events && { events: settings.events(store), manageSieve: 'sieve://mail.example.com' }),
    outbox: settings.outbox?.(store),
    ...(settings.logins && { logins: settings.logins }),
    ...(settings.submitServers && { submitServers: settings.submitServers }),
    ...(settings.suppressed && { suppressed: settings.suppressed }),
    ...(settings.identify === undefined ? {} : { identify: settings.identify }),
    ...(clock && { clock }),
  });
  const listener = await Listener.open({
    protocol: 'imap',
    address: { host: '127.0.0.1', port: 0 },
    serve,
    refusal: imapRefusal,
    log,
    limits: { drainMs: 2000 },
  });
  const pop3 = await Listener.open({
    protocol: 'pop3',
    address: { host: '127.0.0.1', port: 0 },
    serve: servePop3({
      store,
      authenticator: secretAuthenticator(store),
      servername: 'mail.example.com',
      allowPlaintext: settings.allowPlaintext ?? true,
      minPollMinutes: settings.minPollMinutes ?? 0,
      expireDays: settings.expireDays ?? -1,
      log,
      ...(settings.secureContext && { secureContext: settings.secureContext }),
      ...(settings.pop3Limits && { limits: settings.pop3Limits }),
    }),
    refusal: pop3Refusal,
    log,
    limits: { drainMs: 2000 },
  });
  const drain = async (): Promise<void> => {
    await Promise.all([listener.drain(), pop3.drain()]);
  };
  return {
    store,
    port: portOf(listener),
    pop3Port: portOf(pop3),
    home,
    errors,
    connections: () => listener.connections + pop3.connections,
    drain,
    async [Symbol.asyncDispose]() {
      await drain();
      await store.close();
      await opened?.close();
      if (isOwn) await home[Symbol.asyncDispose]();
    },
  };
}

/** Every user has the password `secret`: what passwords are is tested elsewhere. */
function secretAuthenticator(store: MailStore): Authenticator {
  const directory = new Directory(store.ports.index);
  return {
    authenticate: async (name, password) => (password === 'secret' ? directory.find(name) : undefined),
    authorize: async (actor, name) =>
      actor.name === 'cyrus' || actor.name === name ? directory.find(name) : undefined,
  };
}

function portOf({ address }: Listener): number {
  return 'port' in address ? address.port : 0;
}
