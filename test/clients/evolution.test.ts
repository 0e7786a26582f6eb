import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { camelProvider, camelSchemas } from '../../scripts/debian-packages.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { connect } from './imapflow.ts';
import { clientEnvironment, expectDelivered, handIn, mailboxesOf, pythonScript } from './mailboxes.ts';
import { message } from './messages.ts';
import { describeWith } from './programs.ts';
import { runWell } from './run.ts';

const CAMEL = '/usr/share/doc/gir1.2-camel-1.2';

describeWith(
  [CAMEL, camelProvider, camelSchemas, 'glib-compile-schemas', 'swaks', 'python3'],
  'Camel, the mail engine of Evolution',
  () => {
    let gateway: Gateway;
    let environment: Readonly<Record<string, string>>;
    beforeAll(async () => {
      gateway = await startGateway(['tux']);
      environment = { ...clientEnvironment(gateway, 'tux'), ...(await camelEnvironment(gateway.workFolder)) };
      return () => gateway[Symbol.asyncDispose]();
    });

    it('reads, flags, copies, moves and deletes, idles, and catches up', async () => {
      const sent = message('for Evolution');
      const file = join(gateway.workFolder, 'sent.eml');
      await writeFile(file, sent);
      await handIn(gateway, ['tux'], sent);
      await camel('work', file);

      const mailboxes = await mailboxesOf(gateway, 'tux');
      expect(mailboxes.get('INBOX')).toMatchObject([{ flags: ['\\Flagged', '\\Seen'] }, { flags: [] }]);
      const archive = mailboxes.get('Archive') ?? [];
      expect(archive).toMatchObject([{ flags: ['Work', '\\Flagged', '\\Seen'] }]);
      expectDelivered(archive[0]?.body, sent);
      const copies = mailboxes.get('Evolution/Größe') ?? [];
      expect(copies).toMatchObject([{ flags: ['Work', '\\Flagged', '\\Seen'] }, { flags: [] }]);
      expectDelivered(copies[0]?.body, sent);
      expect([...mailboxes.keys()].filter((name) => name.startsWith('Short'))).toEqual([]);

      await using session = await connect(gateway, 'tux');
      const { imap } = session;
      await imap.mailboxOpen('INBOX');
      await imap.messageDelete('1');
      await imap.messageFlagsAdd('1', ['\\Seen']);
      await imap.append('INBOX', 'Subject: while away\r\n\r\ntext\r\n');
      await camel('again');
    });

    /** The system's Python has the bindings, not the one of the PATH. */
    function camel(kind: string, ...args: readonly string[]): Promise<Buffer> {
      const folder = join(gateway.workFolder, 'camel');
      return runWell('/usr/bin/python3', [pythonScript('evolution_job.py'), kind, folder, ...args], {
        env: environment,
      });
    }
  },
);

/** Where Camel finds what is unpacked, not installed. */
async function camelEnvironment(workFolder: string): Promise<Readonly<Record<string, string>>> {
  const schemas = join(workFolder, 'schemas');
  await mkdir(schemas);
  for (const name of await readdir(dirname(camelSchemas))) {
    if (name.endsWith('.xml')) await copyFile(join(dirname(camelSchemas), name), join(schemas, name));
  }
  await runWell('glib-compile-schemas', [schemas]);
  return {
    EDS_CAMEL_PROVIDER_DIR: dirname(camelProvider),
    GSETTINGS_SCHEMA_DIR: schemas,
    // Neither a bus nor a desktop is asked.
    GSETTINGS_BACKEND: 'memory',
    GIO_USE_NETWORK_MONITOR: 'base',
    GIO_USE_PROXY_RESOLVER: 'dummy',
    HOME: workFolder,
  };
}
