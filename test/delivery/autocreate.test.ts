import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Gateway, type GatewayProtocol, startGateway } from '../../gateway/main.ts';
import { hashPassword } from '../../lib/auth/password.ts';
import { ConfigError, loadConfig } from '../../lib/base/config.ts';
import { openLog } from '../../lib/base/log.ts';
import { getScript, listScripts, putScript, setActiveScript } from '../../lib/store/scripts.ts';
import { addUser } from '../../lib/store/users.ts';
import { ImapClient } from '../support/imap-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { accountOf, listMail, message, sendTo } from './sieve-support.ts';

const PROTOCOLS = ['IMAP', 'POP3', 'SIEVE', 'LMTP'];
const SCRIPT = 'require ["fileinto"];\nif header :contains "Subject" "lottery" { fileinto "Junk"; }\n';

let verifier: string;
beforeAll(async () => {
  verifier = await hashPassword('secret');
});

/** A gateway with these keys, and users who have a password and no mailboxes. */
async function start(
  folder: { readonly path: string },
  settings: Readonly<Record<string, string>>,
  lines: string[] = [],
) {
  const off = ['IMAPS', 'POP3S', 'LMTP_UNIX'].map((name) => [`CIRRUS_LISTEN_${name}`, 'off']);
  const on = PROTOCOLS.map((name) => [`CIRRUS_LISTEN_${name}`, '127.0.0.1:0']);
  const keys = Object.entries(settings).map(([key, value]) => [`CIRRUS_${key.toUpperCase()}`, value]);
  const env = Object.fromEntries([...off, ...on, ['CIRRUS_ALLOWPLAINTEXT', 'on'], ...keys]);
  const { config } = loadConfig({ env: { ...env, CIRRUS_CONFIGDIRECTORY: folder.path }, cwd: folder.path });
  return startGateway(config, openLog('info', { write: (line: string) => void lines.push(line) }));
}

async function addEmpty(gateway: Gateway, name: string, groups: readonly string[] = []): Promise<void> {
  await addUser(gateway.store, { name, verifier, groups, withoutMailboxes: true });
}

function addressOf({ addresses }: Gateway, protocol: GatewayProtocol) {
  const found = addresses.find((one) => one.protocol === protocol)?.address;
  if (found === undefined || !('port' in found)) throw new Error(`${protocol} is not served`);
  return found;
}

/** Logs in over IMAP and says the lines; all that was answered. */
async function session(gateway: Gateway, user: string, lines: readonly string[]): Promise<string[]> {
  const client = await ImapClient.loggedIn(addressOf(gateway, 'imap').port, user);
  const heard: string[] = [];
  for (const [i, line] of lines.entries()) heard.push(...(await client.say(`a${i + 1}`, line)));
  client.close();
  return heard;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let gateway: Gateway;
const log: string[] = [];
beforeAll(async () => {
  folder = await temporaryFolder();
  const file = join(folder.path, 'default.sieve');
  writeFileSync(file, SCRIPT);
  gateway = await start(
    folder,
    {
      autocreatequota: '2048',
      autocreate_inbox_folders: 'INBOX.Sent | Junk | Work/Plans',
      autocreate_subscribe_folders: 'Junk',
      autocreate_users: 'anna bert carl group:staff cyrus',
      autocreate_sieve_script: 'default.sieve',
    },
    log,
  );
});
afterAll(async () => {
  await gateway.stop();
  await folder[Symbol.asyncDispose]();
});

it('the first login makes INBOX with its quota, the folders and a script; mail before it is refused', async () => {
  await addEmpty(gateway, 'anna');
  const lmtp = addressOf(gateway, 'lmtp');
  const [refused] = await sendTo(lmtp, message('early'), { to: ['anna'] });
  expect(refused).toMatch(/^550/);
  const heard = await session(gateway, 'anna', ['GETQUOTAROOT INBOX', 'LIST "" *', 'LSUB "" *']);
  expect(heard).toContain('* QUOTA INBOX (STORAGE 0 2048)');
  expect(heard.filter((line) => line.startsWith('* LIST')).map((line) => line.replace(/\\Has\w+ ?/, ''))).toEqual([
    '* LIST () "/" INBOX',
    '* LIST (\\Junk) "/" Junk',
    '* LIST (\\Sent) "/" Sent',
    '* LIST (\\Noselect ) "/" Work',
    '* LIST () "/" Work/Plans',
  ]);
  expect(heard.filter((line) => line.startsWith('* LSUB')).map((line) => line.split(' ').at(-1))).toEqual([
    'INBOX',
    'Junk',
  ]);
  expect(log.some((line) => line.includes('User anna, INBOX was successfully created'))).toBe(true);
  expect(log.some((line) => line.includes('User anna, default sieve script creation succeeded'))).toBe(true);
  await sendTo(lmtp, message('You won the lottery'), { to: ['anna'] });
  await sendTo(lmtp, message('Lunch'), { to: ['anna'] });
  expect(await listMail(gateway.store, 'anna')).toEqual(['INBOX: Lunch', 'Junk: You won the lottery']);
});

it('the script is shown to nobody, counts as none, and runs while no other is active', async () => {
  await addEmpty(gateway, 'bert');
  await session(gateway, 'bert', []);
  const bert = await accountOf(gateway.store, 'bert');
  expect(await listScripts(bert)).toEqual([]);
  await expect(getScript(bert, '\u0001default')).rejects.toMatchObject({ code: 'nonexistent' });
  await putScript(bert, 'own', Buffer.from('keep;'), { scripts: 1, scriptBytes: 99 });
  await setActiveScript(bert, 'own');
  const lmtp = addressOf(gateway, 'lmtp');
  await sendTo(lmtp, message('lottery one'), { to: ['bert'] });
  await setActiveScript(bert, undefined);
  expect(await listScripts(bert)).toEqual([{ name: 'own', sizeBytes: 5, isActive: false }]);
  await sendTo(lmtp, message('lottery two'), { to: ['bert'] });
  expect(await listMail(gateway.store, 'bert')).toEqual(['INBOX: lottery one', 'Junk: lottery two']);
});

it('several first logins at once make one INBOX', async () => {
  await addEmpty(gateway, 'carl');
  const heard = await Promise.all([1, 2, 3, 4].map(() => session(gateway, 'carl', ['STATUS INBOX (UIDVALIDITY)'])));
  const statuses = heard.map((lines) => lines.find((line) => line.startsWith('* STATUS')));
  expect(statuses[0]).toMatch(/UIDVALIDITY \d+/);
  expect(new Set(statuses).size).toBe(1);
});

it('a first login over POP3 makes INBOX too', async () => {
  await addEmpty(gateway, 'fred', ['staff']);
  const client = await ImapClient.connect(addressOf(gateway, 'pop3').port);
  await client.line();
  client.send('USER fred\r\nPASS secret\r\nSTAT\r\n');
  expect([await client.line(), await client.line(), await client.line()].join()).toMatch(/^\+OK.*,\+OK.*,\+OK 0 0/);
  client.close();
});

it('only for those who are named, or in a named group, and never for an administrator', async () => {
  await addEmpty(gateway, 'dora', ['staff']);
  await addEmpty(gateway, 'emil');
  await addEmpty(gateway, 'cyrus');
  const select = async (user: string) => (await session(gateway, user, ['STATUS INBOX (MESSAGES)'])).join('\n');
  expect(await select('dora')).toContain('* STATUS INBOX (MESSAGES 0)');
  expect(await select('emil')).toContain('a1 NO [NONEXISTENT] Mailbox does not exist');
  expect(await select('cyrus')).toContain('a1 NO [NONEXISTENT] Mailbox does not exist');
});

it('without autocreatequota nobody gets mailboxes; autocreate_quota and autocreate_post are those of newer versions', async () => {
  await using other = await temporaryFolder();
  const plain = await start(other, {});
  await addEmpty(plain, 'anna');
  expect((await session(plain, 'anna', ['STATUS INBOX (MESSAGES)'])).join()).toContain('a1 NO');
  await plain.stop();
  const newer = await start(other, { autocreate_quota: '0', autocreate_post: 'on' });
  try {
    expect(await sendTo(addressOf(newer, 'lmtp'), message('first'), { to: ['anna'] })).toEqual(['250 2.1.5 Ok']);
    expect(await listMail(newer.store, 'anna')).toEqual(['INBOX: first']);
    expect(
      (await session(newer, 'anna', ['GETQUOTAROOT INBOX'])).filter((line) => line.startsWith('* QUOTA ')),
    ).toEqual([]);
  } finally {
    await newer.stop();
  }
});

it('a script that is not valid, or a folder that cannot be, is refused at the start', async () => {
  await using other = await temporaryFolder();
  writeFileSync(join(other.path, 'bad.sieve'), 'keep');
  const refusal = async (settings: Readonly<Record<string, string>>): Promise<string> => {
    const error = await start(other, { autocreatequota: '-1', ...settings }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof ConfigError)) throw new Error('not refused', { cause: error });
    return error.message;
  };
  expect(await refusal({ autocreate_sieve_script: 'bad.sieve' })).toMatch(/^autocreate_sieve_script: .*bad\.sieve: /);
  expect(await refusal({ autocreate_sieve_script: 'none.sieve' })).toMatch(/none\.sieve cannot be read/);
  expect(await refusal({ autocreate_inbox_folders: 'a//b' })).toMatch(/^autocreate_inbox_folders: "a\/\/b": /);
});
