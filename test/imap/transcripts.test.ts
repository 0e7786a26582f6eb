import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openImapGateway } from '../support/imap-gateway.ts';
import { parseTranscript, playTranscript } from '../support/transcript.ts';

const folder = new URL('./transcripts/', import.meta.url);

for (const file of readdirSync(folder).sort()) {
  test(file.replace(/\.txt$/, ''), async () => {
    const transcript = parseTranscript(readFileSync(new URL(file, folder), 'utf8'));
    const { settings } = transcript;
    const referrals = settings.get('referrals')?.split(' ') ?? [];
    const quota = settings.get('quota');
    await using gateway = await openImapGateway({
      users: settings.get('users')?.split(' ') ?? ['anna'],
      maxMessageBytes: Number(settings.get('max') ?? 0),
      allowPlaintext: settings.get('plaintext') !== 'no',
      accounts: {
        admins: settings.get('admins')?.split(' ') ?? [],
        defaultDomain: settings.get('defaultdomain'),
        naming: {
          altNamespace: settings.get('altnamespace') !== 'no',
          unixHierarchySep: settings.get('unixhierarchysep') !== 'no',
        },
      },
      submitServers: settings.get('submit')?.split(' ') ?? [],
      messageLimit: Number(settings.get('messagelimit') ?? 0),
      saveLimit: Number(settings.get('savelimit') ?? 0),
      ...(referrals.length > 0 && {
        referrals: Array.from({ length: referrals.length / 2 }, (_, i) => [
          referrals[2 * i] ?? '',
          referrals[2 * i + 1] ?? '',
        ]),
      }),
      ...(quota && { quotaKib: Number(quota) }),
    });
    await playTranscript(transcript, gateway.port);
    expect(gateway.errors).toEqual([]);
  });
}
