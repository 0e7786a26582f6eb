import { DirectoryAuthenticator } from '../lib/auth/authenticator.ts';
import { Logins } from '../lib/auth/logins.ts';
import { Referrals, referring } from '../lib/auth/referrals.ts';
import type { Config, ListenAddress } from '../lib/base/config.ts';
import { Networks } from '../lib/base/config-networks.ts';
import type { Log } from '../lib/base/log.ts';
import { checkScript, sieveCapabilities } from '../lib/sieve/check.ts';
import { sieveLimits } from '../lib/sieve/limits.ts';
import type { MailStore } from '../lib/store/mail-store.ts';
import { accountOptionsOf } from '../lib/store/of-config.ts';
import { autocreating } from './autocreating.ts';
import { imapRefusal, serveImap } from './imap/serve.ts';
import { lmtpRefusal, serveLmtp } from './lmtp/session.ts';
import { manageSieveRefusal, serveManageSieve } from './managesieve/session.ts';
import { formatAddress } from './net/listen-error.ts';
import { type Listener, type ListenerOptions, openListeners } from './net/listener.ts';
import { Certificate } from './net/tls.ts';
import { type OpenStore, openStore } from './open-store.ts';
import { pop3Refusal, servePop3 } from './pop3/session.ts';
import { serveSmmapd, smmapdRefusal } from './smmapd/session.ts';

/** Protocols of the gateway, as they are named in the log. */
export type GatewayProtocol = 'imap' | 'imaps' | 'pop3' | 'pop3s' | 'sieve' | 'lmtp' | 'smmapd';

export interface GatewayAddress {
  readonly protocol: GatewayProtocol;
  /** Where it listens; the port is the real one when 0 was asked for. */
  readonly address: ListenAddress;
}

/** A gateway that serves. */
export interface Gateway {
  readonly addresses: readonly GatewayAddress[];
  readonly store: MailStore;
  /** Takes no more connections, says goodbye to those there are, waits for them a limited time, and closes the store. */
  stop(): Promise<void>;
}

/** Opens the store and serves; when any part cannot be opened, what was opened is closed again before it throws. */
export async function startGateway(config: Config, log: Log): Promise<Gateway> {
  if (config.workers > 1) log.warn({ workers: config.workers }, 'workers: one process serves for now');
  const opened = await openStore(config, log, { serves: true });
  const listeners: { readonly protocol: GatewayProtocol; readonly listener: Listener }[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(listeners.map(({ listener }) => listener.drain()));
    await opened.close();
  };
  try {
    for (const { protocol, addresses, options } of await services(config, log, opened)) {
      const found = await openListeners(addresses, { ...options, unixMode: config.unix_socket_mode, protocol, log });
      listeners.push(...found.map((listener) => ({ protocol, listener })));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  opened.startSweeps();
  await opened.startSending();
  const addresses = listeners.map(({ protocol, listener }) => ({ protocol, address: listener.address }));
  for (const { protocol, address } of addresses) log.info({ protocol, address: formatAddress(address) }, 'listening');
  return { addresses, store: opened.store, stop };
}

interface Service {
  readonly protocol: GatewayProtocol;
  readonly addresses: readonly ListenAddress[];
  readonly options: Omit<ListenerOptions, 'address' | 'protocol' | 'log'>;
}

async function services(
  config: Config,
  log: Log,
  { store, delivery, autocreate, imapEvents, outboxFolder }: OpenStore,
): Promise<readonly Service[]> {
  const certificate = await Certificate.ofConfig(config, log);
  const secureContext = () => certificate.context;
  const { servername, maxmessagesize: maxMessageBytes } = config;
  const canSend = config.smtp_relay !== 'off';
  const authenticator = new DirectoryAuthenticator(store, {
    defaultDomain: config.defaultdomain || undefined,
    admins: config.admins,
    uncounted: new Networks(config.login_trusted_networks),
    onError: (err) => log.warn({ err }, 'failed logins cannot be counted'),
  });
  const mailUsers = autocreating(authenticator, autocreate);
  const logins = new Logins(config.maxlogins_per_user);
  const allowPlaintext = config.allowplaintext;
  const limits = { idleMs: config.timeout };
  const accounts = accountOptionsOf(config);
  const referrals =
    config.referrals.length > 0 ? new Referrals(config.referrals, config.defaultdomain || undefined) : undefined;
  const manyPeople = new Networks(config.login_trusted_networks);
  const forClients: Pick<Service['options'], 'limits' | 'uncounted' | 'proxies'> = {
    limits: { connectionsPerAddress: config.maxlogins_per_host || Number.POSITIVE_INFINITY },
    uncounted: manyPeople,
    proxies: new Networks(config.haproxy_trusted_networks),
  };
  const imap: Service['options'] = {
    ...forClients,
    refusal: imapRefusal,
    serve: serveImap({
      store,
      authenticator: referring(mailUsers, referrals),
      logins,
      referrals,
      servername,
      maxMessageBytes,
      allowPlaintext,
      accounts,
      messageLimit: config.messagelimit,
      saveLimit: config.savelimit,
      submitServers: config.submitservers,
      suppressed: config.suppress_capabilities,
      identify: config.imapidresponse,
      webmails: manyPeople,
      events: imapEvents,
      outbox: outboxFolder,
      manageSieve: manageSieveUrl(config),
      quotaWarning: { percent: config.quotawarn, freeKib: config.quotawarnkb },
      secureContext,
      log,
      limits,
    }),
  };
  const pop3: Service['options'] = {
    ...forClients,
    refusal: pop3Refusal,
    serve: servePop3({
      store,
      authenticator: mailUsers,
      servername,
      allowPlaintext,
      minPollMinutes: config.popminpoll,
      expireDays: config.popexpiretime,
      secureContext,
      log,
      limits: { idleMs: config.poptimeout },
    }),
  };
  const sieve: Service['options'] = {
    ...forClients,
    refusal: manageSieveRefusal,
    serve: serveManageSieve({
      store,
      authenticator: mailUsers,
      logins,
      allowPlaintext,
      language: {
        // RFC 6009 §2: where LMTP takes what a script could ask for.
        extensions: [...sieveCapabilities(), ...(canSend ? ['envelope-dsn'] : [])],
        redirects: sieveLimits.redirects,
        check: (script) => checkScript(script),
      },
      scriptLimits: { scripts: config.sieve_maxscripts, scriptBytes: config.sieve_maxscriptsize * 1024 },
      secureContext,
      log,
      limits,
    }),
  };
  const overQuotaIsPermanent = config.lmtp_over_quota_perm_failure;
  const admins = [...config.admins, ...config.lmtp_admins].map((name) => name.toLowerCase());
  const lmtpPlaintext = config.lmtp_allowplaintext === 'allowplaintext' ? allowPlaintext : config.lmtp_allowplaintext;
  const access = { authenticator, trusted: config.lmtp_trusted, admins, allowPlaintext: lmtpPlaintext };
  const lmtp: Service['options'] = {
    refusal: lmtpRefusal,
    serve: serveLmtp({
      delivery,
      access,
      servername,
      maxMessageBytes,
      overQuotaIsPermanent,
      takesReports: canSend,
      secureContext,
      log,
    }),
  };
  const smmapd: Service['options'] = {
    refusal: smmapdRefusal,
    serve: serveSmmapd({ delivery, overQuotaIsPermanent, log }),
  };
  return [
    { protocol: 'imap', addresses: config.listen_imap, options: imap },
    { protocol: 'imaps', addresses: config.listen_imaps, options: { ...imap, secureContext } },
    { protocol: 'pop3', addresses: config.listen_pop3, options: pop3 },
    { protocol: 'pop3s', addresses: config.listen_pop3s, options: { ...pop3, secureContext } },
    { protocol: 'sieve', addresses: config.listen_sieve, options: sieve },
    { protocol: 'lmtp', addresses: [...config.listen_lmtp, ...config.listen_lmtp_unix], options: lmtp },
    { protocol: 'smmapd', addresses: config.listen_smmapd, options: smmapd },
  ];
}

/** Where scripts are managed, as IMAP tells it (RFC 6785 §2.1); '' where they are not. */
function manageSieveUrl({ listen_sieve: listens, servername }: Config): string {
  const tcp = listens.find((one) => 'port' in one);
  if (tcp === undefined || !('port' in tcp)) return '';
  return `sieve://${servername}${tcp.port === MANAGE_SIEVE_PORT || tcp.port === 0 ? '' : `:${tcp.port}`}`;
}

/** RFC 5804 §1.8 */
const MANAGE_SIEVE_PORT = 4190;
