import { createHash } from 'node:crypto';
import { ImapClient } from './imap-client.ts';

/** All that a user sees over IMAP, without the numbers that a rebuilt index raises. */
export async function pictureOf(port: number, user: string): Promise<readonly string[]> {
  const client = await ImapClient.loggedIn(port, user);
  try {
    const listed = await client.say('list', 'LIST "" "*" RETURN (SUBSCRIBED SPECIAL-USE MYRIGHTS)');
    const picture = [...listed, ...(await client.say('quota', 'GETQUOTAROOT INBOX'))];
    for (const line of listed) {
      const name = /^\* LIST \([^)]*\) "\/" (.*?)(?: \(.*)?$/.exec(line)?.[1];
      if (name === undefined || /\\NonExistent/i.test(line)) continue;
      const selected = await client.say('select', `EXAMINE ${name}`);
      picture.push(...selected.filter((told) => !/UIDNEXT|HIGHESTMODSEQ|RECENT|UNSEEN/.test(told)).sort());
      picture.push(...(await client.say('acl', `GETACL ${name}`)));
      const status = await client.say('status', `STATUS ${name} (MESSAGES UNSEEN DELETED SIZE UIDVALIDITY)`);
      const items = 'UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE ANNOTATION (/* value) BODY.PEEK[]';
      const rows = await client.say('fetch', `UID FETCH 1:* (${items})`);
      picture.push(...status, ...rows.map(withoutText));
    }
    return picture;
  } finally {
    client.close();
  }
}

/** UIDNEXT and HIGHESTMODSEQ of a mailbox. */
export async function numbersOf(
  port: number,
  user: string,
  name: string,
): Promise<{ readonly uidNext: number; readonly highest: number; readonly validity: number }> {
  const client = await ImapClient.loggedIn(port, user);
  try {
    const lines = await client.say('status', `STATUS ${name} (UIDNEXT HIGHESTMODSEQ UIDVALIDITY)`);
    const number = (item: string): number => Number(new RegExp(`${item} (\\d+)`).exec(lines.join(' '))?.[1]);
    return { uidNext: number('UIDNEXT'), highest: number('HIGHESTMODSEQ'), validity: number('UIDVALIDITY') };
  } finally {
    client.close();
  }
}

function withoutText(row: string): string {
  const hash = createHash('sha256').update(row).digest('hex');
  return row.length < 200 ? row : `${row.slice(0, 150)} ${hash}`;
}
