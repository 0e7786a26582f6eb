import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startGateway } from './gateway.ts';
import { clientEnvironment, handIn, mailboxesOf, pythonScript } from './mailboxes.ts';
import { message } from './messages.ts';
import { describeWith } from './programs.ts';
import { runWell } from './run.ts';

describeWith(['/usr/share/perl5/Mail/IMAPClient.pm', 'swaks', 'python3'], "Perl's Mail::IMAPClient", () => {
  it('reads, searches, flags, copies, moves and deletes', async () => {
    await using gateway = await startGateway(['perl']);
    const sent = message('for Perl');
    const file = join(gateway.workFolder, 'sent.eml');
    await writeFile(file, sent);
    await handIn(gateway, ['perl'], sent);
    await runWell('perl', [pythonScript('mail-imapclient.pl'), file], { env: clientEnvironment(gateway, 'perl') });
    const mailboxes = await mailboxesOf(gateway, 'perl');
    expect([...mailboxes.keys()].sort()).toEqual(['Archive', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash']);
    expect(mailboxes.get('INBOX')).toMatchObject([{ uid: 1, flags: ['Work', '\\Flagged', '\\Seen'] }]);
    expect(mailboxes.get('Archive')?.map(({ body }) => body.toString())).toEqual([sent.toString()]);
  });
});
