import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startGateway } from '../../gateway/main.ts';
import { loadConfig } from '../../lib/base/config.ts';
import { openLog } from '../../lib/base/log.ts';
import { putScript, setActiveScript } from '../../lib/store/scripts.ts';
import { addUser } from '../../lib/store/users.ts';
import { LmtpClient } from '../lmtp/support.ts';
import { SieveClient } from '../managesieve/client.ts';
import { openSmtpSink } from '../support/smtp-sink.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';
import { accountOf, listMail, message, sendTo } from './sieve-support.ts';

const OFF = { CIRRUS_LISTEN_IMAP: 'off', CIRRUS_LISTEN_IMAPS: 'off', CIRRUS_LISTEN_POP3: 'off' };

async function open(folder: string, relay: string, lines: string[]) {
  const env = {
    ...OFF,
    CIRRUS_LISTEN_POP3S: 'off',
    CIRRUS_LISTEN_SIEVE: '127.0.0.1:0',
    CIRRUS_LISTEN_LMTP: '127.0.0.1:0',
    CIRRUS_LISTEN_LMTP_UNIX: 'off',
    CIRRUS_CONFIGDIRECTORY: join(folder, 'data'),
    CIRRUS_SERVERNAME: 'mail.example.com',
    CIRRUS_DEFAULTDOMAIN: 'example.com',
    CIRRUS_SMTP_RELAY: relay,
    CIRRUS_ANYSIEVEFOLDER: 'on',
    CIRRUS_SIEVENOTIFIER: 'log',
    CIRRUS_MAILNOTIFIER: 'log',
  };
  const { config } = loadConfig({ env, cwd: folder });
  return startGateway(config, openLog('info', { write: (line: string) => void lines.push(line) }));
}

const SCRIPT =
  'require ["fileinto","vacation","copy","notify"];\n' +
  'notify :message "ding"; fileinto "New"; redirect :copy "there@example.net"; vacation "away";';

it('a gateway by its configuration makes folders, sends by the relay, and says so in its log', async () => {
  await using folder = await temporaryFolder();
  await using sink = await openSmtpSink();
  const lines: string[] = [];
  const gateway = await open(folder.path, `127.0.0.1:${sink.port}`, lines);
  try {
    await addUser(gateway.store, { name: 'anna', verifier: undefined });
    const anna = await accountOf(gateway.store, 'anna');
    await putScript(anna, 'main', Buffer.from(SCRIPT), { scripts: 9, scriptBytes: 9999 });
    await setActiveScript(anna, 'main');
    const [lmtp] = gateway.addresses.filter(({ protocol }) => protocol === 'lmtp');
    if (lmtp === undefined) throw new Error('LMTP is served');
    expect(await sendTo(lmtp.address, message('Hi'))).toEqual(['250 2.1.5 Ok']);
    await until('both are sent', () => sink.mails.length === 2);
    expect(sink.mails.map(({ from, to }) => [from, ...to]).sort()).toEqual([
      ['', 'sender@example.org'],
      ['sender@example.org', 'there@example.net'],
    ]);
    expect(await listMail(gateway.store, 'anna')).toEqual(['New: Hi']);
    await until('the log says so', () => lines.filter((line) => line.includes('outgoing mail sent')).length === 2);
    expect(lines.some((line) => line.includes('"message":"ding"'))).toBe(true);
    const told = lines.filter((line) => line.includes('"msg":"new mail"')).map((line) => JSON.parse(line));
    expect(told).toMatchObject([{ user: 'anna', mailbox: 'New', from: 'Sender <sender@example.org>', subject: 'Hi' }]);
  } finally {
    await gateway.stop();
  }
});

it('without a relay says so at the start, and keeps redirected mail', async () => {
  await using folder = await temporaryFolder();
  const lines: string[] = [];
  const gateway = await open(folder.path, 'off', lines);
  try {
    expect(lines.some((line) => line.includes('smtp_relay is off'))).toBe(true);
    await addUser(gateway.store, { name: 'anna', verifier: undefined });
    const anna = await accountOf(gateway.store, 'anna');
    await putScript(anna, 'main', Buffer.from('redirect "there@example.net";'), { scripts: 9, scriptBytes: 9999 });
    await setActiveScript(anna, 'main');
    const [lmtp] = gateway.addresses.filter(({ protocol }) => protocol === 'lmtp');
    if (lmtp === undefined) throw new Error('LMTP is served');
    await sendTo(lmtp.address, message('Hi'));
    expect(await listMail(gateway.store, 'anna')).toEqual(['INBOX: Hi [$SieveFailed]']);
  } finally {
    await gateway.stop();
  }
});

it.each(['off', 'a relay'])(
  'reports of delivery are offered, and scripts may ask for them, where they can be sent: %s',
  async (relay) => {
    await using folder = await temporaryFolder();
    await using sink = await openSmtpSink();
    const gateway = await open(folder.path, relay === 'off' ? relay : `127.0.0.1:${sink.port}`, []);
    try {
      const addressOf = (wanted: string) => {
        const found = gateway.addresses.find(({ protocol }) => protocol === wanted);
        if (found === undefined) throw new Error(`${wanted} is served`);
        return found.address;
      };
      const lmtp = await LmtpClient.connect({ address: addressOf('lmtp') });
      await lmtp.reply();
      expect((await lmtp.say('LHLO client')).includes('250-DSN')).toBe(relay !== 'off');
      lmtp.socket.destroy();
      const address = addressOf('sieve');
      const sieve = await SieveClient.open('port' in address ? address.port : 0);
      expect(/"SIEVE" ".* envelope-dsn"/.test(await sieve.answer())).toBe(relay !== 'off');
      sieve.close();
    } finally {
      await gateway.stop();
    }
  },
);
