import { z } from 'zod';
import {
  acl,
  domain,
  flag,
  flagOr,
  integer,
  isIpv4,
  key,
  listen,
  mode,
  names,
  networks,
  oneOf,
  referrals,
  relay,
  size,
  text,
  time,
  url,
  words,
} from './config-values.ts';

const DAY = 86_400_000;
const YEAR = 366 * DAY;

/** Clients that do not know of the limit see only a part done: RFC 9738 §3 wants it to be 1,000 at least. */
const messageLimit = (meaning: string) => integer({ min: 0, max: 2_000_000 }, '0', meaning);

const schema = z.object({
  configdirectory: text('./data', 'a folder', 'Where everything is kept. Relative paths of other keys start here.'),
  servername: domain('', 'Name of this server in greetings and trace headers. Empty: the name of the host.'),
  home: oneOf(
    ['embedded', 'aws'],
    'embedded',
    'Where the mail is: in `configdirectory`, or in a DynamoDB table and an S3 bucket (`aws_table`, `aws_bucket`; credentials come from where the AWS SDK finds them).',
  ),
  aws_region: text('', 'a region such as eu-west-1', 'Region of table and bucket. Empty: as AWS_REGION says.'),
  aws_table: text(
    '',
    'the name of a table',
    'DynamoDB table of everything that changes. Its keys are `pk` and `sk`, binary.',
  ),
  aws_bucket: text('', 'the name of a bucket', 'S3 bucket of the messages.'),
  aws_dynamodb_endpoint: url('A server that speaks the DynamoDB protocol. Empty: that of the region.'),
  aws_s3_endpoint: url('A server that speaks the S3 protocol. Empty: that of the region.'),
  aws_deliver_function: text(
    '',
    'the name of a Lambda function',
    'Function `deliver`, which runs scripts and commits what this gateway has taken over LMTP. Empty: the gateway does it.',
  ),
  aws_submit_queue: text(
    '',
    'the URL of an SQS queue',
    'Queue of the function `submit`, which sends outgoing mail. Empty: gateways send it.',
  ),
  listen_hints: listen(
    '*:7143',
    'Where gateways of the AWS home tell each other what moved: one IPv4 address under which the others reach this gateway (`*`: the first that this machine has), for no one else. Hints are marked with a key that is kept in the table.',
  ),
  sweep: flag(
    'on',
    'What nothing refers to any more is removed, by one gateway at a time. Off where something else does it.',
  ),
  workers: integer({ min: 1, max: 64 }, '1', 'Processes that serve connections; whatever it says, one serves for now.'),
  loglevel: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace'], 'info', 'The least severe line in the log.'),

  listen_imap: listen('127.0.0.1:1143, [::1]:1143', 'IMAP, in clear until STARTTLS.'),
  listen_imaps: listen('127.0.0.1:1993, [::1]:1993', 'IMAP inside TLS.'),
  listen_pop3: listen('127.0.0.1:1110, [::1]:1110', 'POP3, in clear until STLS.'),
  listen_pop3s: listen('127.0.0.1:1995, [::1]:1995', 'POP3 inside TLS.'),
  listen_sieve: listen(
    '127.0.0.1:4190, [::1]:4190',
    'ManageSieve, in clear until STARTTLS. Old clients look for it at port 2000.',
  ),
  listen_lmtp: listen('127.0.0.1:2003, [::1]:2003', 'LMTP, where the MTA delivers mail.'),
  listen_lmtp_unix: listen('run/lmtp', 'LMTP on Unix sockets, for an MTA on the same host.'),
  listen_smmapd: listen(
    'off',
    'Where an MTA asks whether mail for an address would be taken: socketmap, as Postfix and sendmail speak it. It tells who has a mailbox, so let only the MTA reach it.',
  ),
  unix_socket_mode: mode(
    '660',
    'Who may connect to our Unix sockets: their permissions. 666 lets in whoever may enter the folder, such as Postfix its own.',
  ),
  lmtp_trusted: flagOr(
    'loopback',
    'Whose mail is taken over LMTP without AUTH, besides that of Unix sockets: of clients on this machine (loopback), of whoever connects (on: let only your MTA reach the address), or of nobody (off: say so when a proxy on this machine passes connections on). All others must log in.',
  ),
  lmtp_admins: words('', 'Users who may log in over LMTP and deliver, besides `admins`. They should have no mailbox.'),
  lmtp_allowplaintext: flagOr(
    'allowplaintext',
    'Allow passwords in clear over LMTP, outside TLS; else as `allowplaintext` says.',
  ),

  tls_server_cert: text('', 'a PEM file', 'Certificate and its chain. Empty: a self-signed one is made in `tls/`.'),
  tls_server_key: text('', 'a PEM file', 'Private key of the certificate. Empty: the key is in the certificate file.'),
  allowplaintext: flag('off', 'Allow passwords in clear, outside TLS.'),
  timeout: time(
    'm',
    { raisedTo: 30 * 60_000, max: 30 * DAY },
    '32m',
    'An IMAP client that is silent for this long is disconnected. Less than 30 minutes counts as 30 (RFC 9051 §5.4).',
  ),
  poptimeout: time(
    'm',
    { raisedTo: 10 * 60_000, max: 30 * DAY },
    '10m',
    'A POP3 client that is silent for this long is disconnected, and nothing is deleted. Less than 10 minutes counts as 10 (RFC 1939 §3).',
  ),
  popminpoll: integer(
    { min: 0, max: 1440 },
    '0',
    'Minutes that must pass between two POP3 logins of a user. 0: none need pass.',
  ),
  popexpiretime: integer(
    { min: -1, max: 3660 },
    '-1',
    'Days for which mail may be left on the server, as POP3 tells its clients (EXPIRE). It deletes nothing. -1: for ever.',
  ),

  maxlogins_per_user: integer(
    { min: 0, max: 1_000_000 },
    '100',
    'IMAP and ManageSieve sessions that one user may have at a time with this process; of POP3 there is never more than one. 0: any number.',
  ),
  maxlogins_per_host: integer(
    { min: 0, max: 1_000_000 },
    '100',
    'Connections that one IP address may have at a time with each address that is listened at, but for LMTP, this machine and `login_trusted_networks`. Raise it where an office is one address. 0: any number.',
  ),
  login_trusted_networks: networks(
    'Where webmails and the like connect from, for many people: their connections and failed logins are not counted by address. With IMAP they may say whose client they are (`x-originating-ip` in an ID before login), which is logged and whose failed logins are counted. Passwords in clear are as elsewhere.',
  ),
  haproxy_trusted_networks: networks(
    "Where proxies connect from that begin each connection to IMAP, POP3 or ManageSieve with the PROXY protocol, version 1 or 2: it counts and is logged as its client's. Who connects from there without is cut off; what others say of themselves is never believed.",
  ),

  imapidresponse: flag('on', 'IMAP clients that ask who we are (ID) are told; else the answer is NIL.'),
  submitservers: words(
    '',
    'Users that may resolve URLs signed for mail submission (RFC 4467, `submit+`): what a submission server logs in as.',
  ),
  messagelimit: messageLimit(
    'Messages that one IMAP command is about (FETCH, STORE, SEARCH, COPY, MOVE, APPEND, UID EXPUNGE; RFC 9738): what goes beyond is left for the next command. 0: any number, which costs no more here.',
  ),
  savelimit: messageLimit('The same of COPY and APPEND alone. It counts only while `messagelimit` is 0.'),
  referrals: referrals(
    'Users and domains that another server serves. IMAP clients are told which, at login and when they name a mailbox there (LOGIN-REFERRALS, MAILBOX-REFERRALS); anybody can ask so, without a password. A line of a user counts before that of the domain.',
  ),
  suppress_capabilities: words(
    '',
    'Capabilities that IMAP does not announce, written as in the CAPABILITY response. What they name still works for whoever asks.',
  ),

  admins: words(
    'cyrus',
    'Administrators: they see every mailbox and its ACL and make, rename and give rights to mailboxes of others; one named with a domain those of that domain. They may log in as another user, too, with their own password (the authorization identity of SASL PLAIN). The first start makes the first of them. They should not receive mail.',
  ),
  defaultdomain: domain('', 'Domain of users named without one.'),
  altnamespace: flag(
    'on',
    'What users call their mailboxes: `Sent` beside INBOX, those of others `Other Users/joe/Sent`, shared ones `Shared Folders/News`. Off: `INBOX/Sent`, `user/joe/Sent`, `News`, as administrators always do. Nothing changes in the store.',
  ),
  unixhierarchysep: flag(
    'on',
    'The separator in names of mailboxes: `/`. Off: `.`, and a dot within a name is shown as `^`. Nothing changes in the store.',
  ),
  defaultacl: acl(
    'anyone lrs',
    'What a new shared mailbox allows whom, where none is above it: identifiers and their rights. Empty: nobody.',
  ),

  sieve_maxscripts: integer({ min: 1, max: 1000 }, '5', 'Sieve scripts that a user may keep.'),
  sieve_maxscriptsize: integer({ min: 1, max: 1024 }, '32', 'Largest Sieve script, in KB.'),
  maxmessagesize: size('0', 'Largest message taken over LMTP or APPEND. 0: no limit.'),
  lmtp_downcase_rcpt: flag('on', 'The user part of a recipient address is lowercased, up to the `+`.'),
  postuser: text(
    '',
    'a name',
    'Mail for `postuser+folder@` goes to the shared mailbox `folder`, where the sender may post (right p; `anyone` or `anonymous` for mail from the world). Empty: mail for `+folder@` does.',
  ),
  lmtp_over_quota_perm_failure: flag('off', 'A full mailbox refuses mail for good (552) instead of for now (452).'),
  duplicatesuppression: flag('on', 'A message delivered twice to the same mailbox (same Message-ID) is kept once.'),
  smtp_relay: relay(
    'off',
    'The MTA that sends what Sieve scripts send: redirect, vacation, notify by mail; `ses`: Amazon SES in `aws_region`, which sends for verified senders only. Off: redirected mail is kept, and nothing is sent.',
  ),
  smtp_ses_sender: text(
    '',
    'an address',
    'With `smtp_relay: ses`: an address at a domain that SES has verified. What is from another domain is sent from this address, with its author in the display name and in Reply-To, since SES takes it no other way. Empty: `postmaster` at `defaultdomain`, if there is one.',
  ),
  smtp_relay_tls: oneOf(
    ['off', 'may', 'verify'],
    'may',
    'STARTTLS with the relay: `off` never, `may` where it is offered, whoever has the certificate, `verify` only with a certificate for its name.',
  ),
  smtp_relay_user: text('', 'a name', 'Who we are for the relay. Empty: no login.'),
  smtp_relay_password: text('', 'a password', 'The password that belongs to `smtp_relay_user`.'),
  outbox: key((value) => (/^(?:\.?[\w-]+(?:\/[\w-]+)*)?$/.test(value) ? value.replace(/^\./, '') : undefined), {
    allowed: 'the name of a mailbox, of letters, digits, `-` and `_`',
    default: '',
    meaning:
      'A mailbox of every user that sends what its owner puts into it, by APPEND, COPY or MOVE: to the addresses in To, Cc and Bcc, the same message once an hour at most. Needs `smtp_relay`. Take a name that nobody has by accident. Empty: none.',
  }),
  outbox_multiple_send: flag('off', 'One command may put several messages into the `outbox`.'),
  headerfrom: key((value) => (/^[A-Za-z][\w-]*$|^$/.test(value) ? value : undefined), {
    allowed: 'the name of a header field',
    default: '',
    meaning:
      'A field such as X-IMAP-Sender that says in each message sent by the `outbox` who was logged in. Empty: none.',
  }),
  reject8bit: flag('off', 'A message with bytes beyond ASCII in its header is refused (554).'),
  munge8bit: flag(
    'off',
    'Such bytes become an X. Cyrus does so unless told otherwise; here headers in UTF-8 are taken as they are.',
  ),
  mailnotifier: oneOf(['null', 'log'], 'null', 'Tell of every delivered message in the log: from, to and subject.'),
  sievenotifier: oneOf(
    ['null', 'log', 'mailto'],
    'null',
    'What the older `notify` of a Sieve script does that names no method: nothing, a line in the log, or a mail to the address in its `:options`.',
  ),
  sieve_spamtest_header: text(
    '',
    'the name of a header field',
    'Where a spam filter before us writes its score, such as X-Spam-Score: the first number counts, or as many `*` as there are. Scripts see it as `spamtest`. Let the filter remove fields of that name from what comes in.',
  ),
  sieve_spamtest_max: integer(
    { min: 1, max: 1000 },
    '10',
    'The score that is spam without doubt: 10 for `spamtest`, or 100 percent.',
  ),
  sieve_virustest_header: text(
    '',
    'the name of a header field',
    'Where a virus scanner before us writes what it has found: a number from 1 (no virus) to 5 (a virus), or a word such as Clean or Infected. Scripts see it as `virustest`.',
  ),
  anysievefolder: flag('off', 'A mailbox that a Sieve script files into is made when it is not there.'),
  autocreate_sieve_folders: names(
    '',
    'Mailboxes that are made when a Sieve script files into them and they are not there. Mail for others goes to INBOX with the keyword $SieveFailed.',
  ),
  autocreatequota: integer(
    { min: -1, max: 2 ** 40 },
    '0',
    'Who logs in and has no mailboxes gets INBOX, with a quota of so many KiB; -1: without a quota; 0: nobody gets mailboxes so.',
  ),
  autocreate_quota: integer(
    { min: -1, max: 2 ** 40 },
    '-1',
    'The same as newer versions of Cyrus have it, while `autocreatequota` is 0. 0: without a quota; -1: nobody gets mailboxes so.',
  ),
  autocreate_inbox_folders: names('', 'Mailboxes that come with an INBOX that is made so.'),
  autocreate_subscribe_folders: names('', 'Those of them that are subscribed at once, as INBOX is.'),
  autocreate_users: words(
    'anyone',
    'Users, and groups as `group:name`, that get mailboxes so. Administrators never do.',
  ),
  autocreate_post: flag('off', 'A user without mailboxes gets them also when the first mail comes.'),
  autocreate_sieve_script: text(
    '',
    'a file',
    'A Sieve script that each user whose INBOX is made so gets a copy of: it runs while the user has activated none, and nobody is shown it.',
  ),
  quotawarn: integer({ min: 0, max: 100 }, '90', 'From this percentage of a quota on, SELECT warns.'),
  quotawarnkb: integer(
    { min: 0, max: 2 ** 40 },
    '0',
    'SELECT warns of a storage quota only when at most this many KiB are free. 0: whatever is free.',
  ),
  expunge_mode: oneOf(
    ['delayed', 'immediate'],
    'delayed',
    'Whether expunged messages are kept for a while (`expunge_delay`) or go with the next sweep.',
  ),
  expunge_delay: time(
    'd',
    { max: 10 * YEAR },
    '3d',
    'How long expunged messages are kept when `expunge_mode` is delayed. `cirrus undelete` brings them back.',
  ),
});

/**
 * Every key we honour: how it is read, its default, and what it means. `docs/config.md` is made from this. The names are
 * those of imapd.conf(5) where it has one.
 */
export const configSchema = schema.superRefine((config, context) => {
  if (config.tls_server_key !== '' && config.tls_server_cert === '') {
    context.addIssue({ code: 'custom', path: ['tls_server_cert'], message: 'needed where tls_server_key is given' });
  }
  if (config.home === 'aws') {
    for (const key of ['aws_table', 'aws_bucket'] as const) {
      if (config[key] !== '') continue;
      context.addIssue({ code: 'custom', path: [key], message: 'needed when home is aws' });
    }
    if (config.listen_hints.length !== 1 || !config.listen_hints.every(isIpv4)) {
      const message = 'allowed: one IPv4 address with a port, such as 10.0.0.7:7143 or *:7143';
      context.addIssue({ code: 'custom', path: ['listen_hints'], message });
    }
  }
});

export type Config = Readonly<z.output<typeof configSchema>>;

export type ConfigKey = keyof Config;

/** Other spellings of a key, from older files and books. */
export const configAliases: ReadonlyMap<string, ConfigKey> = new Map<string, ConfigKey>([
  ['tls_cert_file', 'tls_server_cert'],
  ['tls_key_file', 'tls_server_key'],
  ['quotawarnpercent', 'quotawarn'],
  ['autocreateinboxfolders', 'autocreate_inbox_folders'],
  ['autosubscribeinboxfolders', 'autocreate_subscribe_folders'],
  ['createonpost', 'autocreate_post'],
  ['lsmtp_downcase_rcpt', 'lmtp_downcase_rcpt'],
  ['lmtp_overquota_perm_failure', 'lmtp_over_quota_perm_failure'],
  ['lsmtp_overquota_perm_failure', 'lmtp_over_quota_perm_failure'],
]);

/** Keys that will mean what they mean in Cyrus, but do nothing yet. */
export const configNotYet: readonly string[] = [
  'allowallsubscribe',
  'allowanonymouslogin',
  'allowsubscribes',
  'allowusermoves',
  'autocreate_acl',
  'autocreate_subscribe_sharedfolders',
  'delete_mode',
  'listen_http',
  'lmtp_fuzzy_mailbox_match',
  'lmtp_strict_quota',
  'sasl_mech_list',
  'sasl_minimum_layer',
  'sasl_pwcheck_method',
  'tls_ca_file',
  'tls_cipher_list',
  'username_tolower',
  'virtdomains',
];

const noDatabases = 'there are no database files: everything is in one store';
const noPartitions = 'there are no partitions: every message is an object below configdirectory';
const noMurder = 'there is no murder: every gateway serves every user';
const noIdled = 'no daemon is needed: changes are told at once';

/** Cyrus' keys that mean nothing here, and why or what does it instead. A trailing `*` stands for anything. */
export const configMeaningless: Readonly<Record<string, string>> = {
  'partition-*': noPartitions,
  'metapartition*': noPartitions,
  defaultpartition: noPartitions,
  hashimapspool: noPartitions,
  fulldirhash: noPartitions,
  annotation_db: noDatabases,
  aps_topic: 'there is no push to Apple devices (XAPPLEPUSHSERVICE): it needs a certificate of Apple and its service',
  duplicate_db: noDatabases,
  mboxlist_db: noDatabases,
  ptscache_db: noDatabases,
  quota_db: noDatabases,
  seenstate_db: noDatabases,
  subscription_db: noDatabases,
  tlscache_db: noDatabases,
  tls_sessions_db: noDatabases,
  'berkeley_*': noDatabases,
  'mupdate*': noMurder,
  'proxy*': noMurder,
  sieve_allowreferrals: noMurder,
  idlemethod: noIdled,
  idlesocket: noIdled,
  imapidlepoll: noIdled,
  notifysocket: 'there is no notify daemon',
  lmtpsocket: 'use listen_lmtp_unix',
  sievedir: 'scripts are in the store',
  sieveusehomedir: 'scripts are in the store',
  sieveuserhomedir: 'scripts are in the store',
  autocreate_sieve_compiledscript: 'scripts are not compiled to files',
  syslog_prefix: 'the log goes to standard output as JSON',
  tls_session_timeout: 'TLS keeps its sessions itself',
  tls_ca_path: 'use tls_ca_file',
  umask: 'files are readable by their owner only',
  dracinterval: 'POP before SMTP is not supported',
  drachost: 'POP before SMTP is not supported',
  '@include': 'put all keys into one file',
};
