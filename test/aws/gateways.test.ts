import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPlace, type Place, type Server } from '../cli/support.ts';
import { runKills } from '../kills/kill-run.ts';
import { LineClient } from '../kills/line-client.ts';
import { openTestHome, type TestHome } from '../support/home.ts';
import { ImapClient } from '../support/imap-client.ts';
import { describeWithS3 } from '../support/s3.ts';

/** Dots, eight bits, NUL-free binary, long lines: what could be changed on the way. */
const MESSAGE = Buffer.concat([
  Buffer.from('From: b@example.com\r\nSubject: bytes\r\n\r\n.\r\n..two\r\n', 'latin1'),
  Buffer.from(Array.from({ length: 255 }, (_, i) => (i === 9 || i === 12 ? 33 : i + 1))),
  Buffer.from(`\r\n${'long '.repeat(5000)}\r\nend\r\n`, 'latin1'),
]);

async function deliver(port: number, user: string, message: Buffer): Promise<string> {
  const client = await LineClient.open(port);
  await client.until('220 ');
  client.send(`LHLO c\r\nMAIL FROM:<b@example.com> BODY=8BITMIME\r\nRCPT TO:<${user}@example.com>\r\nDATA\r\n`);
  await client.until('354 ', '5');
  client.send(`${message.toString('latin1').replace(/^\./gm, '..')}.\r\n`);
  const reply = await client.until('250 ', '4', '5');
  client.close();
  return reply;
}

async function logIn(server: Server): Promise<ImapClient> {
  const client = await ImapClient.connect(server.imap);
  await client.line();
  expect((await client.say('a', 'LOGIN anna secret')).at(-1)).toMatch(/^a OK/);
  expect((await client.say('b', 'SELECT INBOX')).at(-1)).toMatch(/^b OK/);
  return client;
}

describeWithS3('gateways on the AWS home, by configuration alone', () => {
  let home: TestHome;
  let place: Place;
  let env: Record<string, string>;
  beforeAll(async () => {
    [home, place] = [await openTestHome('aws'), await openPlace()];
    env = { ...home.environment, CIRRUS_ALLOWPLAINTEXT: 'yes' };
  });
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  test('what one takes over LMTP the other serves over IMAP, byte for byte, and flags go back', async () => {
    const added = await place.run(['user', 'add', 'anna', '--password-stdin'], { input: 'secret\n', env });
    expect([added.code, added.err]).toEqual([0, '']);
    const [one, two] = await Promise.all([place.serve(env), place.serve(env)]);
    expect(one.text.err).toContain(`DynamoDB table ${env.CIRRUS_AWS_TABLE}, S3 bucket ${env.CIRRUS_AWS_BUCKET}`);
    expect(`${one.text.err}${two.text.err}`).not.toMatch(/password/i);
    const reader = await logIn(two);
    expect(await deliver(one.lmtp, 'anna', MESSAGE)).toMatch(/^250 /);
    await reader.say('c', 'NOOP');
    const [fetched = ''] = await reader.say('d', 'UID FETCH 1 (BODY.PEEK[])');
    const literal = fetched.slice(fetched.indexOf('\r\n') + 2);
    expect(literal.includes(MESSAGE.toString('latin1'))).toBe(true);
    expect(literal).toMatch(/^Return-Path: <b@example.com>\r\n/);
    expect((await reader.say('e', 'STORE 1 +FLAGS (\\Flagged $Work)')).at(-1)).toMatch(/^e OK/);
    const other = await logIn(one);
    expect(await other.say('f', 'FETCH 1 (UID FLAGS)')).toContain('* 1 FETCH (UID 1 FLAGS (\\Flagged $Work))');
    const piped = await place.run(['deliver', 'anna'], { input: 'Subject: piped\n\nx\n', env });
    expect([piped.code, piped.err]).toEqual([0, '']);
    expect(await other.say('g', 'NOOP')).toContain('* 2 EXISTS');
    const checked = await place.run(['doctor'], { env });
    expect([checked.code, checked.out]).toEqual([0, expect.stringContaining('1 user,')]);
    for (const server of [one, two]) server.process.kill('SIGTERM');
    await Promise.all([one.ended, two.ended]);
    expect([one.process.exitCode, two.process.exitCode]).toEqual([0, 0]);
  });

  test('a command and a server say what is wrong with the home, and end', async () => {
    const bad = { ...env, CIRRUS_AWS_TABLE: 'nobody' };
    for (const args of [['serve'], ['user', 'list']]) {
      const { code, err } = await place.run(args, { env: bad });
      expect([code, err]).toEqual([
        73,
        expect.stringMatching(
          /^cirrus: the AWS home cannot be used: there is no table nobody in 127\.0\.0\.1:\d+ \(aws_table\)\n$/,
        ),
      ]);
    }
    const { code, err } = await place.run(['user', 'list'], { env: { ...env, CIRRUS_AWS_BUCKET: '' } });
    expect([code, err]).toEqual([
      78,
      expect.stringContaining('aws_bucket: "" is not allowed; needed when home is aws'),
    ]);
  });

  test('killed under load, they lose and double nothing that was acknowledged', async () => {
    const { acknowledged, found } = await runKills(3, Date.now() % 100_000, { count: 2, homeName: 'aws' });
    expect(acknowledged).toBeGreaterThan(20);
    expect(found).toBeGreaterThanOrEqual(acknowledged);
  });
});
