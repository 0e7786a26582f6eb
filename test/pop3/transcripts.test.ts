import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openImapGateway } from '../support/imap-gateway.ts';
import { parseTranscript, playTranscript } from '../support/transcript.ts';

const folder = join(import.meta.dirname, 'transcripts');

/** Clients with a digit speak POP3, those with a letter IMAP. */
it.each(readdirSync(folder))('%s', async (name) => {
  const transcript = parseTranscript(readFileSync(join(folder, name), 'utf8'));
  const users = transcript.settings.get('users')?.split(' ');
  await using gateway = await openImapGateway({
    ...(users && { users }),
    allowPlaintext: transcript.settings.get('plaintext') !== 'no',
    minPollMinutes: Number(transcript.settings.get('popminpoll') ?? 0),
    expireDays: Number(transcript.settings.get('popexpiretime') ?? -1),
  });
  await playTranscript(transcript, (client) => (/\d/.test(client) ? gateway.pop3Port : gateway.port));
  expect(gateway.errors).toEqual([]);
});
