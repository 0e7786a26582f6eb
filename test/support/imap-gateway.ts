import { join } from 'node:path';
import type { SecureContext } from 'node:tls';
import { imapRefusal, serveImap } from '../../gateway/imap/session.ts';
import { Listener } from '../../gateway/net/listener.ts';
import type { Authenticator } from '../../lib/auth/authenticator.ts';
import type { Clock } from '../../lib/base/clock.ts';
import type { ImapLimits } from '../../lib/base/limits.ts';
import { type Log, openLog } from '../../lib/base/log.ts';
import { openEmbedded } from '../../lib/embedded/open.ts';
import type { AccountOptions } from '../../lib/store/account.ts';
import { Directory } from '../../lib/store/directory.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { addUser } from '../../lib/store/users.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface GatewaySettings {
  /** Names of users; each has the password `secret`. */
  readonly users?: readonly string[];
  readonly maxMessageBytes?: number;
  readonly allowPlaintext?: boolean;
  readonly accounts?: AccountOptions;
  readonly secureContext?: () => SecureContext;
  readonly limits?: Partial<ImapLimits>;
  readonly clock?: Clock;
  readonly quotaKib?: number;
  readonly log?: Log;
  /** The data folder of another gateway, with its users; it stays when this one is closed. */
  readonly folder?: string;
}

export interface ImapGateway extends AsyncDisposable {
  readonly store: MailStore;
  readonly port: number;
  readonly folder: string;
  /** Internal errors that sessions or background work met. */
  readonly errors: unknown[];
  /** Stops listening, and tells the sessions. */
  drain(): Promise<void>;
}

/** A real IMAP gateway on the embedded home in a temporary folder, on an ephemeral port. */
export async function openImapGateway(settings: GatewaySettings = {}): Promise<ImapGateway> {
  const { users = ['anna'], clock, quotaKib } = settings;
  const own = settings.folder === undefined ? await temporaryFolder() : undefined;
  const folder = settings.folder ?? join(own?.path ?? '', 'data');
  const ports = await openEmbedded(folder);
  const errors: unknown[] = [];
  const onError = (what: string, error: unknown): void => void errors.push(`${what}: ${String(error)}`);
  const store = new MailStore(ports, { onError, ...(clock && { clock }) });
  for (const name of own === undefined ? [] : users) await addUser(store, { name, verifier: undefined, quotaKib });
  const destination = {
    write(line: string): void {
      if (line.includes('"level":"error"')) errors.push(line);
    },
  };
  const log = settings.log ?? openLog('error', destination);
  const serve = serveImap({
    store,
    authenticator: secretAuthenticator(store),
    servername: 'mail.example.com',
    maxMessageBytes: settings.maxMessageBytes ?? 0,
    allowPlaintext: settings.allowPlaintext ?? true,
    log,
    ...(settings.accounts && { accounts: settings.accounts }),
    ...(settings.secureContext && { secureContext: settings.secureContext }),
    ...(settings.limits && { limits: settings.limits }),
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
  const port = 'port' in listener.address ? listener.address.port : 0;
  return {
    store,
    port,
    folder,
    errors,
    drain: () => listener.drain(),
    async [Symbol.asyncDispose]() {
      await listener.drain();
      await store.close();
      await ports.close();
      await own?.[Symbol.asyncDispose]();
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
