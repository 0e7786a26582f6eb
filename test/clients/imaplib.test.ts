import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type Gateway, startGateway } from './gateway.ts';
import { connect } from './imapflow.ts';
import { handIn, runPython } from './mailboxes.ts';
import { message } from './messages.ts';
import { describeWith } from './programs.ts';

describeWith(['swaks', 'python3'], "Python's imaplib", () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(['imaps', 'starttls', 'wire']);
    return () => gateway[Symbol.asyncDispose]();
  });

  it.each(['imaps', 'starttls'])('reads, flags, copies, moves and deletes: %s', async (kind) => {
    const sent = message('for Python');
    const file = join(gateway.workFolder, `${kind}.eml`);
    await writeFile(file, sent);
    await handIn(gateway, [kind], sent, kind === 'imaps' ? 'tcp' : 'unix');
    await runPython(gateway, kind, 'imaplib_job.py', [kind, file]);

    await using session = await connect(gateway, kind);
    const { imap } = session;
    for (const [name, count] of [
      ['INBOX', 0],
      ['Archive', 0],
      ['Python', 1],
      ['Trash', 1],
    ] as const) {
      await imap.mailboxOpen(name, { readOnly: true });
      const messages = await imap.fetchAll('1:*', { source: true, flags: true }, { uid: true });
      expect(messages, name).toHaveLength(count);
      for (const { source, flags } of messages) {
        expect(source?.subarray(-sent.length).toString()).toBe(sent.toString());
        expect([...(flags ?? [])]).toEqual(expect.arrayContaining(['\\Seen', '\\Flagged', 'Work']));
      }
    }
  });

  it('names folders in any script, and searches with literals', () =>
    runPython(gateway, 'wire', 'imaplib_wire.py', ['names']));

  it('uploads 10 MB and gets them back', () => runPython(gateway, 'wire', 'imaplib_wire.py', ['big']));
});
