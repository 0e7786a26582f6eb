import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError, loadConfig, parseConfig } from '../../lib/base/config.ts';
import { renderConfigDocs } from '../../lib/base/config-docs.ts';

const read = (content: string, env = {}) => parseConfig(content, 'imapd.conf', env);
const loopback = (port: number) => [
  { host: '127.0.0.1', port },
  { host: '::1', port },
];

describe('values', () => {
  test('defaults', () => {
    const { config, warnings } = read('');
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      configdirectory: './data',
      admins: ['cyrus'],
      workers: 1,
      maxmessagesize: 0,
      timeout: 32 * 60_000,
      allowplaintext: false,
      listen_imap: loopback(1143),
      listen_imaps: loopback(1993),
      listen_sieve: loopback(4190),
      listen_lmtp: loopback(2003),
      listen_lmtp_unix: [{ path: 'run/lmtp' }],
    });
  });

  test.each([
    ['yes', true],
    ['on', true],
    ['t', true],
    ['TRUE', true],
    ['1', true],
    ['no', false],
    ['Off', false],
    ['f', false],
    ['false', false],
    ['0', false],
  ])('allowplaintext: %s', (word, value) => {
    expect(read(`allowplaintext: ${word}`).config.allowplaintext).toBe(value);
  });

  test.each([
    ['maxmessagesize: 1000', 'maxmessagesize', 1000],
    ['maxmessagesize: 50M', 'maxmessagesize', 50 * 1024 * 1024],
    ['maxmessagesize: 2 g', 'maxmessagesize', 2 * 1024 ** 3],
    ['maxmessagesize: 5GB', 'maxmessagesize', 5 * 1024 ** 3],
    ['maxmessagesize: 10 MiB', 'maxmessagesize', 10 * 1024 ** 2],
    ['maxmessagesize: 12B', 'maxmessagesize', 12],
    ['timeout: 45', 'timeout', 45 * 60_000],
    ['timeout: 1h30m', 'timeout', 90 * 60_000],
    ['timeout: 5', 'timeout', 30 * 60_000],
    ['expunge_delay: 7', 'expunge_delay', 7 * 86_400_000],
    ['expunge_mode: IMMEDIATE', 'expunge_mode', 'immediate'],
    ['altnamespace: off', 'altnamespace', false],
    ['unixhierarchysep: no', 'unixhierarchysep', false],
    [
      'defaultacl: anyone lrs group:staff lrswip',
      'defaultacl',
      [
        ['anyone', 'lrs'],
        ['group:staff', 'lrswip'],
      ],
    ],
    ['defaultacl:', 'defaultacl', []],
    [
      'referrals: anna imap2.example.net @example.org [::1]:1143',
      'referrals',
      [
        ['anna', 'imap2.example.net'],
        ['@example.org', '[::1]:1143'],
      ],
    ],
    ['referrals:', 'referrals', []],
    ['admins: cyrus  root@example.com', 'admins', ['cyrus', 'root@example.com']],
    ['admins:', 'admins', []],
    ['Servername : mail.example.com', 'servername', 'mail.example.com'],
    ['listen_imap: off', 'listen_imap', []],
    [
      'listen_imap: *:143, [2001:db8::1]:143,localhost:0',
      'listen_imap',
      [
        { host: undefined, port: 143 },
        { host: '2001:db8::1', port: 143 },
        { host: 'localhost', port: 0 },
      ],
    ],
    [
      'listen_lmtp_unix: /var/spool/postfix/public/lmtp',
      'listen_lmtp_unix',
      [{ path: '/var/spool/postfix/public/lmtp' }],
    ],
    ['login_trusted_networks: 192.0.2.0/24, 2001:db8::7', 'login_trusted_networks', ['192.0.2.0/24', '2001:db8::7']],
    ['quotawarn: 80', 'quotawarn', 80],
    ['lsmtp_downcase_rcpt: no', 'lmtp_downcase_rcpt', false],
    ['tls_cert_file: /etc/ssl/a:b.pem', 'tls_server_cert', '/etc/ssl/a:b.pem'],
  ] as const)('%s', (line, key, value) => {
    const { config, warnings } = read(`\uFEFF# comment: yes\r\n\r\n  ${line}  \r\n`);
    expect(config[key]).toEqual(value);
    expect(warnings).toEqual([]);
  });

  test('a private key without its certificate is refused: another certificate would be served', () => {
    expect(() => read('tls_server_key: /etc/ssl/key.pem')).toThrow(
      'default: tls_server_cert: "" is not allowed; needed where tls_server_key is given',
    );
  });

  test.each([
    [
      'allowplaintext: maybe',
      'allowplaintext: "maybe" is not allowed; allowed: yes, on, t, true, 1 or no, off, f, false, 0',
    ],
    ['allowplaintext:', 'allowplaintext: "" is not allowed'],
    [
      'admins: cyrus  # the boss',
      'admins: "cyrus  # the boss" is not allowed; allowed: names separated by spaces, none of which',
    ],
    ...['192.0.2.0/33', '192.0.2', '2001:db8::/129', 'localhost', '192.0.2.0/', '192.0.2.7 # webmail'].map(
      (value) =>
        [`haproxy_trusted_networks: ${value}`, 'allowed: networks and addresses separated by spaces'] as [
          string,
          string,
        ],
    ),
    ['timeout: 30 minutes', 'timeout: "30 minutes" is not allowed; allowed: a time such as 90s'],
    ['timeout: 9999999d', 'at most 30d'],
    ['maxmessagesize: -1', 'maxmessagesize: "-1" is not allowed; allowed: bytes'],
    ['maxmessagesize: 99999999999999G', 'maxmessagesize'],
    ['defaultacl: anyone', 'allowed: identifiers, each with its rights: anyone lrs'],
    [
      'referrals: anna',
      'allowed: users, or domains as @example.net, each with its server: anna imap2.example.net @example.org [::1]:1143',
    ],
    [
      'referrals: @ imap2.example.net',
      'allowed: users, or domains as @example.net, each with its server: anna imap2.example.net @example.org [::1]:1143',
    ],
    [
      'referrals: anna imap://a',
      'allowed: users, or domains as @example.net, each with its server: anna imap2.example.net @example.org [::1]:1143',
    ],
    ['defaultacl: anyone readp!', 'allowed: identifiers, each with its rights: anyone lrs'],
    ['workers: 0', 'allowed: a whole number from 1 to 64'],
    ['lmtp_trusted: maybe', 'lmtp_trusted: "maybe" is not allowed; allowed: loopback, or yes, on'],
    ['loglevel: loud', 'allowed: fatal, error, warn, info, debug, trace'],
    ['servername: a b', 'allowed: a host or domain name'],
    ['listen_imap: localhost:imap', 'listen_imap: "localhost:imap" is not allowed; allowed: host:port'],
    ['listen_imap: 127.0.0.1:70000', 'listen_imap'],
    ['listen_imap: 127.0.0.1:1143,', 'listen_imap'],
    ['listen_imap: ::1:1143', 'listen_imap'],
    ['no colon here', 'imapd.conf line 2: "no colon here" is not allowed; allowed: key: value'],
  ])('refused: %s', (line, says) => {
    const parse = () => read(`# first\n${line}`);
    expect(parse).toThrow(ConfigError);
    expect(parse).toThrow('imapd.conf line 2');
    expect(parse).toThrow(says);
  });

  test('a key given twice is refused, also by another spelling', () => {
    expect(() => read('workers: 1\n\nworkers: 1')).toThrow(
      'imapd.conf line 3: workers: "1": the key is already given in line 1',
    );
    expect(() => read('tls_server_cert: a\ntls_cert_file: b')).toThrow(ConfigError);
  });

  test('all bad values are told at once', () => {
    expect(() => read('workers: x\ntimeout: y')).toThrow(/line 1: workers[^\n]*\n[^\n]*line 2: timeout/);
  });
});

test.each([
  ['lmtp_trusted', '', 'loopback'],
  ['lmtp_trusted', 'lmtp_trusted: Loopback', 'loopback'],
  ['lmtp_trusted', 'lmtp_trusted: yes', true],
  ['lmtp_trusted', 'lmtp_trusted: off', false],
  ['lmtp_allowplaintext', '', 'allowplaintext'],
  ['lmtp_allowplaintext', 'lmtp_allowplaintext: no', false],
] as const)('%s: %s', (key, line, value) => {
  expect(read(line).config[key]).toBe(value);
});

describe('keys that do nothing', () => {
  test.each([
    [
      'partition-default: /var/spool/imap',
      'imapd.conf line 1: partition-default has no meaning here: there are no partitions',
    ],
    ['imapidlepoll: 60', 'imapidlepoll has no meaning here'],
    // Nothing is worse than a key that is taken in silence and does nothing.
    ['autocreate_acl: Junk anna lr', 'autocreate_acl does nothing yet'],
    ['altnamespaces: on', 'altnamespaces is not a known key'],
    ['constructor: x', 'constructor is not a known key'],
    ['__proto__: x', '__proto__ is not a known key'],
  ])('%s', (line, says) => {
    const { warnings } = read(line);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(says);
  });
});

describe('environment', () => {
  test('overrides the file', () => {
    expect(read('workers: 2', { CIRRUS_WORKERS: '3' }).config.workers).toBe(3);
    expect(read('workers: bad', { CIRRUS_WORKERS: '3' }).config.workers).toBe(3);
  });

  test('bad and unknown variables are named', () => {
    expect(() => read('', { CIRRUS_WORKERS: 'x' })).toThrow('environment variable CIRRUS_WORKERS: workers: "x"');
    expect(read('', { CIRRUS_WORKER: '1', CIRRUS_CONFIG: 'f', CIRRUS_TEST_MODE: 'all', HOME: '/' }).warnings).toEqual([
      'environment variable CIRRUS_WORKER: worker is not a known key and does nothing',
    ]);
  });
});

describe('files', () => {
  const dir = mkdtempSync(join(tmpdir(), 'cirrus-config-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'data'));
  writeFileSync(join(dir, 'data', 'imapd.conf'), 'workers: 2\n');
  writeFileSync(join(dir, 'other.conf'), 'workers: 3\nconfigdirectory: mail\ntls_server_cert: tls/x.pem\n');

  test('-C, else CIRRUS_CONFIG, else the data folder', () => {
    expect(loadConfig({ cwd: dir, env: {} })).toMatchObject({
      file: join(dir, 'data', 'imapd.conf'),
      config: { workers: 2 },
    });
    expect(loadConfig({ cwd: dir, env: { CIRRUS_CONFIG: 'other.conf' } }).config.workers).toBe(3);
    expect(loadConfig({ cwd: dir, file: 'data/imapd.conf', env: { CIRRUS_CONFIG: 'other.conf' } }).config.workers).toBe(
      2,
    );
    expect(loadConfig({ cwd: dir, env: { CIRRUS_CONFIGDIRECTORY: 'empty' } }).file).toBeUndefined();
  });

  test('relative paths start at configdirectory', () => {
    const { config } = loadConfig({ cwd: dir, file: 'other.conf', env: {} });
    expect(config.configdirectory).toBe(join(dir, 'mail'));
    expect(config.tls_server_cert).toBe(join(dir, 'mail', 'tls', 'x.pem'));
    expect(config.tls_server_key).toBe('');
    expect(config.listen_lmtp_unix).toEqual([{ path: join(dir, 'mail', 'run', 'lmtp') }]);
    expect(config.servername).toBe(hostname());
  });

  test('a named file must be there and readable', () => {
    expect(() => loadConfig({ cwd: dir, file: 'absent.conf', env: {} })).toThrow('absent.conf: no such file');
    expect(() => loadConfig({ cwd: dir, file: 'data', env: {} })).toThrow(ConfigError);
  });
});

test('docs/config.md is what the schema says (node scripts/config-docs.ts)', () => {
  const file = join(import.meta.dirname, '..', '..', 'docs', 'config.md');
  expect(readFileSync(file, 'utf8')).toBe(renderConfigDocs());
});
