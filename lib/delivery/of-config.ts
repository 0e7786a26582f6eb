import type { Config } from '../base/config.ts';
import type { Log } from '../base/log.ts';
import { MailStore, type StorePorts } from '../store/mail-store.ts';
import { accountOptionsOf } from '../store/of-config.ts';
import { type Autocreate, autocreateOfConfig } from './autocreate.ts';
import { StoreDelivery } from './deliver.ts';
import { ImapEvents } from './imap-events.ts';
import { ImapSieve } from './imap-sieve.ts';
import type { NewMail } from './new-mail.ts';
import { OutboxFolder } from './outbox-folder.ts';
import { Outgoing, type OutgoingFact } from './outgoing.ts';
import { Responder, type ResponseOptions } from './respond.ts';
import { type SieveOptions, SieveRunner } from './sieve.ts';

/** The store on a home's ports, and who delivers into it. */
export interface ConfiguredStore {
  readonly store: MailStore;
  readonly delivery: StoreDelivery;
  /** Where what scripts send waits; undefined: no relay is configured. */
  readonly outgoing: Outgoing | undefined;
  /** Who gives mailboxes to users that have none; undefined: nobody does. */
  readonly autocreate: Autocreate | undefined;
  /** What IMAP sessions tell of what they do, and who runs scripts for it. */
  readonly imapEvents: ImapEvents;
  readonly imapSieve: ImapSieve;
  /** The mailbox that sends what is put into it; undefined: there is none. */
  readonly outboxFolder: OutboxFolder | undefined;
}

const OUTCOMES = { delivered: 'stored', before: 'stored before', discarded: 'discarded' } as const;

/** The same in gateways, commands and functions: what the configuration says of mail, and what the log is told. Throws `ConfigError`. */
export function storeOfConfig(ports: StorePorts, config: Config, log: Log): ConfiguredStore {
  const onError = (what: string, err: unknown): void => log.error({ err, what }, 'background work failed');
  const store = new MailStore(ports, {
    onError,
    expungeDelayMs: config.expunge_mode === 'delayed' ? config.expunge_delay : 0,
  });
  const outgoing = config.smtp_relay === 'off' ? undefined : new Outgoing(store, (fact) => logOutgoing(log, fact));
  const sieve: SieveOptions = {
    servername: config.servername,
    domain: config.defaultdomain || domainOf(config.servername),
    makesFolders: config.anysievefolder,
    madeFolders: config.autocreate_sieve_folders,
    verdicts: {
      spamField: config.sieve_spamtest_header,
      spamMax: config.sieve_spamtest_max,
      virusField: config.sieve_virustest_header,
    },
  };
  const responses: ResponseOptions = {
    servername: config.servername,
    defaultDomain: config.defaultdomain || undefined,
    notifier: config.sievenotifier,
    onUnsent: (fact) => log.info({ ...fact }, 'not sent'),
    onNotify: (notification) => log.info({ ...notification }, 'notify'),
  };
  const autocreate = autocreateOfConfig(store, config, log);
  const delivery = new StoreDelivery(store, {
    ...(config.autocreate_post && autocreate && { autocreate }),
    accounts: accountOptionsOf(config),
    defaultDomain: config.defaultdomain || undefined,
    lowerCase: config.lmtp_downcase_rcpt,
    postUser: config.postuser,
    maxMessageBytes: config.maxmessagesize,
    eightBitHeader: config.reject8bit ? 'refuse' : config.munge8bit ? 'replace' : 'keep',
    suppressDuplicates: config.duplicatesuppression,
    sieve,
    ...(outgoing && { outgoing }),
    responses,
    ...(config.mailnotifier === 'log' && { onNewMail: (mail: NewMail) => log.info({ ...mail }, 'new mail') }),
    onScriptFailed: (failure) => log.warn({ ...failure }, 'a script failed: the message is kept'),
    onDelivered: (fact) => log.info({ ...fact }, OUTCOMES[fact.outcome]),
    onError: (what, err) => log.error({ err, what }, 'delivery failed'),
  });
  const imapSieve = new ImapSieve(store, {
    runner: new SieveRunner(store, sieve),
    responder: new Responder(store, outgoing, responses),
    canSend: outgoing !== undefined,
    domain: config.defaultdomain || config.servername,
    accounts: accountOptionsOf(config),
    onFailed: (failure) => log.warn({ ...failure }, 'a script for IMAP failed: the message stays as it is'),
  });
  const { outbox: path, outbox_multiple_send: isMultiple, headerfrom: headerFrom, servername } = config;
  const domain = config.defaultdomain || servername;
  const folder = new OutboxFolder(store, outgoing, { path, isMultiple, headerFrom, servername, domain });
  const outboxFolder = path === '' ? undefined : folder;
  const imapEvents = new ImapEvents(store, onError);
  return { store, delivery, outgoing, autocreate, imapEvents, imapSieve, outboxFolder };
}

/** The domain that a host is in: `example.com` of `mail.example.com`, but not `com`. */
function domainOf(host: string): string {
  return host.replace(/^[^.]+\.(?=[^.]+\.)/, '');
}

function logOutgoing(log: Log, { outcome, ...fact }: OutgoingFact): void {
  if (outcome === 'given up') log.error({ ...fact }, 'outgoing mail given up');
  else if (outcome === 'waits') log.warn({ ...fact }, 'outgoing mail waits');
  else log.info({ ...fact }, `outgoing mail ${outcome}`);
}
