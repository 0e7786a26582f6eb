/**
 * A script that is said to several servers: what clients say, and where a server is known to answer otherwise than Cirrus.
 *
 *     # a comment
 *     @ pop3                  clients with a digit speak POP3, those with a letter IMAP; without it all speak IMAP
 *     1> LOGIN $user $password    client 1 says, with a tag of its own; the first mention connects it
 *     1> APPEND INBOX {+}     a literal: its lines follow with `| `, and its size is put in
 *     | Subject: x            `$kib` in it: so many octets that the line has 1,024
 *     = dovecot some-reason   to the command above Dovecot answers otherwise: the row `some-reason` of docs/compat.md says why;
 *                             several where there are several
 *
 * `$user` and `$other` are two users whose mailboxes only this script uses.
 */
export interface Script {
  readonly protocol: 'imap' | 'pop3';
  readonly steps: readonly Step[];
}

export interface Step {
  readonly lineNumber: number;
  readonly client: string;
  readonly text: string;
  /** The lines of its literal, if it has one. */
  readonly literal: readonly string[];
  /** By peer: the rows of docs/compat.md that give the reasons for another answer. */
  readonly differs: ReadonlyMap<string, readonly string[]>;
}

export function parseScript(text: string): Script {
  let protocol: Script['protocol'] = 'imap';
  const steps: (Step & { readonly literal: string[]; readonly differs: Map<string, readonly string[]> })[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const said = /^(\w)> (.*)$/.exec(line);
    const difference = /^= (\w+) ([\w -]+)$/.exec(line);
    const last = steps.at(-1);
    if (line === '@ pop3') protocol = 'pop3';
    else if (said !== null) {
      const [, client = '', command = ''] = said;
      steps.push({ lineNumber: i + 1, client, text: command, literal: [], differs: new Map() });
    } else if (line.startsWith('|') && last !== undefined) last.literal.push(line.slice(2));
    else if (difference !== null && last !== undefined)
      last.differs.set(difference[1] ?? '', (difference[2] ?? '').split(' '));
    else throw new Error(`line ${i + 1} is no script: ${line}`);
  }
  return { protocol, steps };
}
