import { connect } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib';
import { expect, test } from 'vitest';
import { ensureSelfSigned } from '../../gateway/net/self-signed.ts';
import { Certificate } from '../../gateway/net/tls.ts';
import { openLog } from '../../lib/base/log.ts';
import { Account } from '../../lib/store/account.ts';
import { append } from '../../lib/store/append.ts';
import { Directory } from '../../lib/store/directory.ts';
import { storeMessage } from '../../lib/store/messages.ts';
import { type ImapGateway, openImapGateway } from '../support/imap-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Some are read whole, some in one piece, some in several, some with a short one at the end. */
const SIZES = [70_000, 1000, 300_000, 256 * 1024, 66_000, 900_000, 64 * 1024, 90_000, 257 * 1024, 300_000];

/** Puts a message of each size into INBOX, each of other text. */
async function putAll({ store }: ImapGateway): Promise<readonly string[]> {
  const user = await new Directory(store.ports.index).find('anna');
  if (user === undefined) throw new Error('no user');
  const open = await new Account(store, user).open('INBOX', 'i');
  const texts = SIZES.map((size, i) => `Subject: ${i}\r\n\r\n`.padEnd(size, `message ${i}, `));
  for (const text of texts) {
    const { blob, sizeBytes } = await storeMessage(open.store.context, [open.space], Buffer.from(text));
    await append(open, [{ blob, sizeBytes, internalDate: 0, flags: [] }]);
  }
  return texts;
}

/** Says a command and reads slowly until its answer. */
function say(stream: Duplex, tag: string, command: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const end = new RegExp(`(^|\\r\\n)${tag} OK [^\\r\\n]*\\r\\n$`);
  let text = '';
  const take = (chunk: Buffer): void => {
    text += chunk.toString('latin1');
    stream.pause();
    if (end.test(text.slice(-2000))) {
      stream.off('data', take);
      resolve(text);
    } else setImmediate(() => stream.resume());
  };
  stream.on('data', take).resume();
  stream.write(`${tag} ${command}\r\n`);
  return promise;
}

test.each(['as it is', 'inside TLS', 'deflated'])(
  'long messages one after the other to a slow reader, %s',
  async (how) => {
    await using folder = await temporaryFolder();
    const files = await ensureSelfSigned(join(folder.path, 'tls'), 'mail.example.com');
    const certificate = Certificate.open(files, openLog('silent'));
    await using gateway = await openImapGateway({ secureContext: () => certificate.context });
    const texts = await putAll(gateway);
    const socket = connect({ port: gateway.port, host: '127.0.0.1' });
    let stream: Duplex = socket;
    if (how === 'inside TLS') {
      await say(stream, 'a', 'STARTTLS');
      stream = connectTls({ socket, rejectUnauthorized: false });
    }
    await say(stream, 'b', 'LOGIN anna secret');
    await say(stream, 'c', 'SELECT INBOX');
    if (how === 'deflated') {
      await say(stream, 'd', 'COMPRESS DEFLATE');
      const deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH });
      deflate.pipe(socket);
      stream = Duplex.from({ writable: deflate, readable: socket.pipe(createInflateRaw()) });
    }
    const expected = texts.map((text, i) => `* ${i + 1} FETCH (BODY[] {${text.length}}\r\n${text})\r\n`).join('');
    for (const tag of ['e', 'f']) {
      const got = await say(stream, tag, 'FETCH 1:* BODY.PEEK[]');
      // Not `toBe`: nobody wants to see two million octets.
      expect(got === `${expected}${tag} OK Completed\r\n`).toBe(true);
    }
    const part = await say(stream, 'g', 'FETCH 6 (BODY.PEEK[]<262140.10> BODY.PEEK[HEADER])');
    expect(part).toContain(`BODY[]<262140> {10}\r\n${texts[5]?.slice(262_140, 262_150)}`);
    expect(gateway.errors).toEqual([]);
    socket.destroy();
  },
);

test('a long message that is gone is left out, and the others come', async () => {
  await using gateway = await openImapGateway();
  await putAll(gateway);
  const { blobs } = gateway.store.ports;
  const socket = connect({ port: gateway.port, host: '127.0.0.1' });
  await say(socket, 'a', 'LOGIN anna secret');
  await say(socket, 'b', 'SELECT INBOX');
  const { blobs: found } = await blobs.list('m/');
  const gone = found.find(({ sizeBytes }) => sizeBytes === 300_000);
  await blobs.deleteMany(gone === undefined ? [] : [gone.key]);
  const got = await say(socket, 'c', 'UID FETCH 1:* BODY.PEEK[]');
  expect(got.match(/BODY\[\] \{\d+\}/g)).toHaveLength(SIZES.length - 1);
  expect(gateway.errors).toEqual([]);
  socket.destroy();
});
