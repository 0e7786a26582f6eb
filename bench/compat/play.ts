import { ImapClient } from '../../test/support/imap-client.ts';
import { PASSWORD, type Running } from '../peers/peer.ts';
import { inOrder, plainPop3, plainResponse } from './plain.ts';
import type { Script, Step } from './script.ts';

export interface Users {
  readonly user: string;
  readonly other: string;
}

/** Says a script to a server; answers what came to each of its commands, without what servers may choose freely. */
export async function play(script: Script, running: Running, users: Users): Promise<readonly (readonly string[])[]> {
  const clients = new Map<string, ImapClient>();
  const answers: (readonly string[])[] = [];
  try {
    for (const [i, step] of script.steps.entries()) {
      const speaksPop3 = script.protocol === 'pop3' && /\d/.test(step.client);
      let client = clients.get(step.client);
      if (client === undefined) {
        clients.set(step.client, (client = await ImapClient.connect(speaksPop3 ? running.pop3Port : running.imapPort)));
        await client.line();
      }
      const said = filledIn(step.text, users);
      answers.push(
        speaksPop3
          ? await sayPop3(client, said)
          : await sayImap(client, `t${i}`, said, step).catch((error: unknown) => {
              throw new Error(`line ${step.lineNumber}: ${String(error)}`);
            }),
      );
    }
  } finally {
    for (const client of clients.values()) client.close();
  }
  return answers;
}

function filledIn(text: string, { user, other }: Users): string {
  return text.replaceAll('$user', user).replaceAll('$other', other).replaceAll('$password', PASSWORD);
}

async function sayImap(client: ImapClient, tag: string, said: string, step: Step): Promise<readonly string[]> {
  const octets = Buffer.from(
    step.literal.map((line) => `${line.replace('$kib', 'x'.repeat(1022))}\r\n`).join(''),
    'utf8',
  );
  const command = said.replace(/\{\+\}$/, `{${octets.length}+}`);
  // DONE has no tag; that of the IDLE it ends is the answer's.
  client.send(Buffer.from(said === 'DONE' ? 'DONE\r\n' : `${tag} ${command}\r\n`, 'utf8'));
  if (command !== said) client.send(Buffer.concat([octets, Buffer.from('\r\n')]));
  if (/^(AUTHENTICATE|IDLE)\b/.test(said) && !/ \S+ \S/.test(said)) return [plainResponse(await client.line())];
  const lines: string[] = [];
  for (;;) {
    const line = await client.line();
    lines.push(line === 'END' ? 'END' : plainResponse(line));
    if (line === 'END' || line.startsWith(`${tag} `) || (said === 'DONE' && /^t\d+ /.test(line))) return inOrder(lines);
  }
}

const MULTI_LINE = /^(CAPA|LIST|UIDL|RETR \d+|TOP \d+ \d+)$/;

async function sayPop3(client: ImapClient, said: string): Promise<readonly string[]> {
  client.send(`${said}\r\n`);
  const lines = [await client.line()];
  if (MULTI_LINE.test(said) && lines[0]?.startsWith('+OK')) {
    while (lines.at(-1) !== '.' && lines.at(-1) !== 'END') lines.push(await client.line());
  }
  return said === 'CAPA' ? lines.map(plainPop3).toSorted() : lines.map(plainPop3);
}
