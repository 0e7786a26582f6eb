import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startGateway } from '../clients/gateway.ts';
import { connect } from '../clients/imapflow.ts';
import { expectDelivered, handIn, mailboxesOf } from '../clients/mailboxes.ts';
import { message } from '../clients/messages.ts';
import { describeWith } from '../clients/programs.ts';
import { until } from '../support/until.ts';
import { startThunderbird } from './thunderbird.ts';

describeWith(['thunderbird', 'swaks', 'python3'], 'Thunderbird', () => {
  it('reads, flags, copies, moves, deletes, keeps what is sent, idles', async () => {
    await using gateway = await startGateway(['tux']);
    const sent = message('first');
    await handIn(gateway, ['tux'], sent);
    await using thunderbird = await startThunderbird(gateway, 'tux');
    const { step } = thunderbird;
    const names = ['Archive', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash'];
    expect(((await step('connect')) as string[]).sort()).toEqual(names);
    // Once it keeps the message its own notes are in front.
    const read = ((await step('read', 'INBOX', 'first')) as string).replace(/^(X-Mozilla-[^\r\n]*\r?\n)+/, '');
    expectDelivered(Buffer.from(read, 'latin1'), sent);

    await step('mark', 'INBOX', 'first');
    await step('create', 'Größe');
    await step('copy', 'INBOX', 'first', 'Größe');
    const kept = Buffer.from('From: tux@localhost\r\nMessage-ID: <kept@localhost>\r\nSubject: kept\r\n\r\nhello\r\n');
    const file = join(gateway.workFolder, 'kept.eml');
    await writeFile(file, kept);
    await step('keep', file, 'Sent');
    // Nobody asks for it: it is told.
    await handIn(gateway, ['tux'], message('second'));
    await step('hear', 'INBOX', 'second');
    await step('move', 'INBOX', 'first', 'Archive');
    await step('remove', 'INBOX', 'second');
    await until('all is said', async () => (await mailboxesOf(gateway, 'tux')).get('INBOX')?.length === 0);

    const mailboxes = await mailboxesOf(gateway, 'tux');
    const flags = ['$label1', '\\Flagged', '\\Seen'];
    for (const name of ['Größe', 'Archive']) {
      const [only, ...more] = mailboxes.get(name) ?? [];
      expect(more).toEqual([]);
      expect(only?.flags).toEqual(expect.arrayContaining(flags));
      expectDelivered(only?.body, sent);
    }
    expect(mailboxes.get('Sent')?.map(({ body, flags: of }) => [body.toString(), of.includes('\\Seen')])).toEqual([
      [kept.toString(), true],
    ]);
    expect(mailboxes.get('Trash')).toHaveLength(1);

    // What another client does is told as well.
    for (const subject of ['third', 'fourth']) await handIn(gateway, ['tux'], message(subject));
    for (const subject of ['third', 'fourth']) await step('hear', 'INBOX', subject);
    await using session = await connect(gateway, 'tux');
    await session.imap.mailboxOpen('INBOX');
    await session.imap.messageFlagsAdd('1', ['\\Seen']);
    await session.imap.messageDelete('2');
    await step('notice', 'INBOX', 'third', 'read');
    await step('notice', 'INBOX', 'fourth', 'gone');
  });
});
