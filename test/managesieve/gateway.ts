import type { SecureContext } from 'node:tls';
import { manageSieveRefusal, serveManageSieve } from '../../gateway/managesieve/session.ts';
import { Listener } from '../../gateway/net/listener.ts';
import type { Logins } from '../../lib/auth/logins.ts';
import type { ManageSieveLimits } from '../../lib/base/limits.ts';
import { openLog } from '../../lib/base/log.ts';
import { checkScript, sieveCapabilities } from '../../lib/sieve/check.ts';
import { sieveLimits } from '../../lib/sieve/limits.ts';
import { Directory } from '../../lib/store/directory.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { addUser } from '../../lib/store/users.ts';
import { openTestHome } from '../support/home.ts';

export interface SieveGateway extends AsyncDisposable {
  readonly port: number;
  /** Internal errors that sessions met. */
  readonly errors: string[];
  connections(): number;
  drain(): Promise<void>;
}

export interface SieveGatewaySettings {
  readonly allowPlaintext?: boolean;
  readonly secureContext?: () => SecureContext;
  readonly limits?: Partial<ManageSieveLimits>;
  readonly logins?: Logins;
  /** Instead of those that are there. */
  readonly extensions?: readonly string[];
}

/** A real ManageSieve gateway with the users anna, bob and cyrus (an administrator), whose password is `secret`. */
export async function openSieveGateway(settings: SieveGatewaySettings = {}): Promise<SieveGateway> {
  const home = await openTestHome();
  const ports = await home.open();
  const errors: string[] = [];
  const store = new MailStore(ports, { onError: (what, error) => void errors.push(`${what}: ${String(error)}`) });
  for (const name of ['anna', 'bob', 'cyrus']) await addUser(store, { name, verifier: undefined });
  const log = openLog('error', { write: (line: string) => void errors.push(line) });
  const directory = new Directory(ports.index);
  const serve = serveManageSieve({
    store,
    authenticator: {
      authenticate: async (name, password) => (password === 'secret' ? directory.find(name) : undefined),
      authorize: async (actor, name) => (actor.name === 'cyrus' ? directory.find(name) : undefined),
    },
    language: {
      extensions: settings.extensions ?? sieveCapabilities(),
      redirects: sieveLimits.redirects,
      check: (script) => checkScript(script),
    },
    scriptLimits: { scripts: 3, scriptBytes: 8192 },
    allowPlaintext: settings.allowPlaintext ?? true,
    log,
    ...(settings.secureContext && { secureContext: settings.secureContext }),
    ...(settings.limits && { limits: settings.limits }),
    ...(settings.logins && { logins: settings.logins }),
  });
  const address = { host: '127.0.0.1', port: 0 };
  const limits = { drainMs: 2000 };
  const listener = await Listener.open({ protocol: 'sieve', address, serve, refusal: manageSieveRefusal, log, limits });
  return {
    port: 'port' in listener.address ? listener.address.port : 0,
    errors,
    connections: () => listener.connections,
    drain: () => listener.drain(),
    async [Symbol.asyncDispose]() {
      await listener.drain();
      await store.close();
      await ports.close();
      await home[Symbol.asyncDispose]();
    },
  };
}
