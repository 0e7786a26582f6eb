import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PASSWORD, startGateway } from './gateway.ts';
import { mailboxOf } from './mailboxes.ts';
import { describeWith } from './programs.ts';
import { run } from './run.ts';

const LMTPTEST = '/usr/lib/cyrus/bin/lmtptest';

describeWith([LMTPTEST, 'python3'], 'lmtptest', () => {
  it('logs in inside TLS and delivers; who may not deliver is told so', async () => {
    await using gateway = await startGateway(['anna', 'lmtpuser'], { lmtp_trusted: 'off', lmtp_admins: 'lmtpuser' });
    const file = join(gateway.workFolder, 'mail');
    const mail = ['Subject: by lmtptest', 'Message-ID: <1@example.net>', '', 'hello', '.'];
    const lines = ['MAIL FROM:<bert@example.net>', 'RCPT TO:<anna>', 'RCPT TO:<nobody>', 'DATA', ...mail, 'QUIT', ''];
    await writeFile(file, lines.join('\r\n'));
    const lmtptest = async (user: string, password: string): Promise<string> => {
      const where = ['-p', String(gateway.lmtpPort), '-t', '', '-f', file, gateway.host];
      const { stdout } = await run(LMTPTEST, ['-a', user, '-u', user, '-w', password, ...where]);
      return stdout.toString().replaceAll('\r', '');
    };
    const said = await lmtptest('lmtpuser', PASSWORD);
    expect(said).toMatch(/^TLS connection established: TLSv1\.3/m);
    expect(said).toMatch(/^S: 250-AUTH PLAIN LOGIN$/m);
    expect(said).toMatch(/^S: 235 2\.7\.0 Authentication successful\nAuthenticated\.$/m);
    expect(said).toMatch(
      /^250 2\.1\.0 ok\n250 2\.1\.5 ok\n550-Mailbox unknown\. {2}Either there is no mailbox associated with this\n550-name or you do not have authorization to see it\.\n550 5\.1\.1 User unknown\n354 go ahead\n250 2\.1\.5 Ok\n221 2\.0\.0 bye$/m,
    );
    const [found] = await mailboxOf(gateway, 'anna', 'INBOX');
    expect(found?.body.toString()).toMatch(/\r\n\tby \S+ \(Cirrus\) with LMTPSA \(/);
    expect(await lmtptest('lmtpuser', 'wrong')).toContain('S: 535 5.7.8 Authentication credentials invalid');
    const ordinary = await lmtptest('anna', PASSWORD);
    expect(ordinary).toContain('S: 501 5.5.4 This user may not deliver (lmtp_admins)');
    expect(ordinary).toContain('\n430 Authentication required\n');
    expect(await mailboxOf(gateway, 'anna', 'INBOX')).toHaveLength(1);
  });
});
