import { beforeAll, expect, it } from 'vitest';
import { type Gateway, startGateway } from './gateway.ts';
import { expectDelivered, handIn, mailboxOf, swaks } from './mailboxes.ts';
import { message } from './messages.ts';
import { describeWith } from './programs.ts';

const MAX_BYTES = 100_000;

describeWith(['swaks', 'python3'], 'swaks over LMTP', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    const users = ['one', 'two', 'three', 'unix', 'twice', 'tls', 'pipe', 'plus'];
    gateway = await startGateway(users, { maxmessagesize: String(MAX_BYTES) });
    return () => gateway[Symbol.asyncDispose]();
  });
  const inbox = (user: string) => mailboxOf(gateway, user, 'INBOX');

  it('delivers to several recipients at once, with a reply for each', async () => {
    const sent = message('to three');
    const { code, stdout } = await swaks(gateway, ['--to', 'one@example.com,two@example.com,three'], sent);
    expect(code).toBe(0);
    expect(stdout.toString().match(/^<-\s+250 2\.1\.5 /gm)).toHaveLength(3 + 3);
    for (const user of ['one', 'two', 'three']) {
      const found = await inbox(user);
      expect(found).toHaveLength(1);
      expectDelivered(found[0]?.body, sent);
      // Whom else it went to is nobody's business.
      expect(found[0]?.body.toString()).not.toMatch(/^Delivered-To:/m);
    }
  });

  it('delivers over the Unix socket', async () => {
    const sent = message('over the Unix socket');
    await handIn(gateway, ['unix'], sent, 'unix');
    const [found] = await inbox('unix');
    expectDelivered(found?.body, sent);
    expect(found?.body.toString()).toMatch(
      /^Return-Path: <sender@example\.com>\r\nDelivered-To: unix\r\nReceived: from .* \(\[unix socket\]\)/,
    );
  });

  it('delivers inside TLS', async () => {
    const sent = message('inside TLS');
    const { code, stdout } = await swaks(gateway, ['--to', 'tls', '--tls'], sent);
    expect(code, stdout.toString()).toBe(0);
    expect((await inbox('tls'))[0]?.body.toString()).toMatch(/with LMTPS \(TLSv1\.3/);
  });

  it('refuses unknown users and delivers to the others', async () => {
    const before = (await inbox('one')).length;
    const sent = message('for one of two');
    const { code, stdout } = await swaks(gateway, ['--to', 'nobody@example.com,one@example.com'], sent);
    expect(code, stdout.toString()).toBe(0);
    expect(stdout.toString()).toMatch(/^<\*\* 550 5\.1\.1 User unknown/m);
    expect(await inbox('one')).toHaveLength(before + 1);
    const alone = await swaks(gateway, ['--to', 'nobody'], sent);
    // 24: no recipient was accepted.
    expect(alone.code).toBe(24);
  });

  it('refuses what is larger than maxmessagesize, announced or not', async () => {
    const before = (await inbox('one')).length;
    const line = `${'x'.repeat(70)}\r\n`;
    const large = Buffer.concat([message('large'), Buffer.from(line.repeat(MAX_BYTES / line.length + 1))]);
    const { code, stdout } = await swaks(gateway, ['--to', 'one'], large);
    // 26: the message was refused.
    expect(code, stdout.toString()).toBe(26);
    expect(stdout.toString()).toMatch(/^<\*\* 552 5\.\d\.\d /m);
    const small = message('small');
    const announced = ['--to', 'one', '--from', `sender@example.com> SIZE=${MAX_BYTES + 1}`];
    const early = await swaks(gateway, announced, small);
    expect(early.stdout.toString()).toMatch(/^<\*\* 5\d\d /m);
    expect(await inbox('one')).toHaveLength(before);
  });

  it('keeps a message once, however often it comes', async () => {
    const sent = message('once');
    for (let i = 0; i < 3; i++) await handIn(gateway, ['twice'], sent);
    await handIn(gateway, ['twice', 'twice@example.com', 'TWICE'], sent);
    expect(await inbox('twice')).toHaveLength(1);
    await handIn(gateway, ['twice'], message('another'));
    expect(await inbox('twice')).toHaveLength(2);
  });

  it('takes commands in a pipeline', async () => {
    const sent = message('pipelined');
    const { code, stdout } = await swaks(gateway, ['--to', 'pipe,nobody,one', '--pipeline'], sent);
    expect(code, stdout.toString()).toBe(0);
    expectDelivered((await inbox('pipe'))[0]?.body, sent);
  });

  it('delivers an address with a detail', async () => {
    const sent = message('detail');
    await handIn(gateway, ['plus+lists@example.com'], sent);
    const [found] = await inbox('plus');
    expectDelivered(found?.body, sent);
    expect(found?.body.toString()).toMatch(/^Delivered-To: plus\+lists@example\.com\r$/m);
  });
});
