import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../gateway/net/connection.ts';
import { Listener } from '../../gateway/net/listener.ts';
import { ensureSelfSigned, makeSelfSigned } from '../../gateway/net/self-signed.ts';
import { Certificate } from '../../gateway/net/tls.ts';
import { ConfigError } from '../../lib/base/config.ts';
import { openLog } from '../../lib/base/log.ts';

const dir = mkdtempSync(join(tmpdir(), 'cirrus-tls-'));
const log = openLog('silent');
const listeners: Listener[] = [];
const clients: Socket[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await Promise.all(listeners.splice(0).map((listener) => listener.drain()));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function open(serve: (connection: Connection) => Promise<void>, implicit?: Certificate): Promise<number> {
  const listener = await Listener.open({
    protocol: 'test',
    address: { host: '127.0.0.1', port: 0 },
    serve,
    refusal: '',
    log,
    connection: { limits: { tlsHandshakeMs: 300 } },
    ...(implicit ? { secureContext: () => implicit.context } : {}),
  });
  listeners.push(listener);
  return 'port' in listener.address ? listener.address.port : 0;
}

async function line(socket: Socket): Promise<string> {
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return chunk.toString();
}

async function secure(port: number): Promise<TLSSocket> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  clients.push(socket);
  await once(socket, 'secureConnect');
  return socket;
}

describe('self-signed certificate', () => {
  test('names this machine, is private, and is made once', async () => {
    const folder = join(dir, 'one', 'tls');
    const made = await Promise.all([1, 2, 3].map(() => ensureSelfSigned(folder, 'mail.example.com')));
    expect(new Set(made.map((files) => files.certFile)).size).toBe(1);
    expect(readdirSync(join(dir, 'one'))).toEqual(['tls']);
    const { certFile, keyFile } = await ensureSelfSigned(folder, 'mail.example.com');
    const certificate = new X509Certificate(readFileSync(certFile));
    for (const name of ['localhost', hostname(), 'mail.example.com']) expect(certificate.checkHost(name)).toBe(name);
    for (const ip of ['127.0.0.1', '::1']) expect(certificate.checkIP(ip)).toBe(ip);
    expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    for (const file of [certFile, keyFile]) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(Certificate.open({ certFile, keyFile }, log).context).toBeDefined();
  });
});

describe('certificate files', () => {
  test('are read again when they change; a broken one changes nothing', async () => {
    const files = { certFile: join(dir, 'cert.pem'), keyFile: join(dir, 'key.pem') };
    const put = async (name: string): Promise<void> => {
      const { certPem, keyPem } = await makeSelfSigned(name);
      writeFileSync(files.certFile, certPem);
      writeFileSync(files.keyFile, keyPem);
    };
    await put('first.example');
    const certificate = Certificate.open(files, log, 0);
    const port = await open(async (connection) => void (await connection.read()), certificate);
    const seen = async (): Promise<string> => (await secure(port)).getPeerCertificate().subject.CN as string;
    expect(await seen()).toBe('first.example');
    await put('second.example');
    expect(await seen()).toBe('second.example');
    writeFileSync(files.certFile, 'not a certificate');
    expect(await seen()).toBe('second.example');
    rmSync(files.keyFile);
    expect(await seen()).toBe('second.example');
    await put('third.example');
    expect(await seen()).toBe('third.example');
  });

  test('that cannot be used are named', () => {
    expect(() => Certificate.open({ certFile: '/absent.pem', keyFile: '/absent.key' }, log)).toThrow('/absent.pem');
  });

  test('that cannot be used are an error of the configuration, which is no bug of ours', async () => {
    const config = { configdirectory: dir, servername: '', tls_server_cert: '/absent.pem', tls_server_key: '' };
    await expect(Certificate.ofConfig(config, log)).rejects.toThrow(ConfigError);
    await expect(Certificate.ofConfig(config, log)).rejects.toThrow(
      'the certificate /absent.pem cannot be used: /absent.pem: there is no such file',
    );
  });

  test('say in words what is wrong with them', async () => {
    const [one, other] = [await makeSelfSigned('one.example'), await makeSelfSigned('other.example')];
    const put = (name: string, text: string): string => {
      writeFileSync(join(dir, name), text);
      return join(dir, name);
    };
    const certFile = put('one-cert.pem', one.certPem);
    const keyFile = put('one-key.pem', one.keyPem);
    const locked = createPrivateKey(one.keyPem).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes256',
      passphrase: 'x',
    });
    const why = (files: { certFile: string; keyFile: string }): string => {
      try {
        Certificate.open(files, log);
        return '';
      } catch (error) {
        return error instanceof ConfigError ? error.message.replace(/^.* cannot be used: /, '') : String(error);
      }
    };
    const wrong = [
      { certFile: put('text.pem', 'hello'), keyFile },
      { certFile: keyFile, keyFile },
      { certFile, keyFile: certFile },
      { certFile, keyFile: put('locked.pem', locked.toString()) },
      { certFile, keyFile: put('other-key.pem', other.keyPem) },
      { certFile: dir, keyFile },
    ];
    expect(wrong.map(why)).toEqual([
      'there is no certificate in PEM in it',
      'there is no certificate in PEM in it',
      'there is no private key in PEM in it',
      'the private key is protected by a password',
      'the private key belongs to another certificate',
      'it is a folder',
    ]);
  });
});

describe('TLS connections', async () => {
  const { certFile, keyFile } = await ensureSelfSigned(join(dir, 'tls'), '');
  const certificate = Certificate.open({ certFile, keyFile }, log);

  test('from the first byte', async () => {
    let info: string | undefined;
    const port = await open(async (connection) => {
      info = connection.tlsInfo;
      for await (const chunk of connection) connection.write(chunk);
    }, certificate);
    const socket = await secure(port);
    socket.write('hello');
    expect(await line(socket)).toBe('hello');
    expect(info).toMatch(/^TLSv1\.3 TLS_/);
  });

  test('TLS 1.1 is refused, and plain text too', async () => {
    let served = 0;
    const port = await open(async () => void served++, certificate);
    const old = connectTls({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
    });
    clients.push(old);
    await expect(once(old, 'secureConnect')).rejects.toThrow();
    const plain = connect(port, '127.0.0.1');
    clients.push(plain);
    plain.on('error', () => {});
    plain.write('a LOGIN u p\r\n');
    await once(plain, 'close');
    const silent = connect(port, '127.0.0.1');
    clients.push(silent);
    silent.on('error', () => {});
    await once(silent, 'close');
    expect(served).toBe(0);
  });

  test('STARTTLS throws away what came in clear, and large output gets through', async () => {
    const big = Buffer.alloc(3_000_000, 'x');
    const port = await open(async (connection) => {
      const first = await connection.read();
      expect(first?.toString().startsWith('STARTTLS\r\n')).toBe(true);
      expect(connection.secured).toBe(false);
      // Give bytes sent behind the command time to arrive: they must be thrown away, too.
      await new Promise((done) => setTimeout(done, 50));
      await connection.startTls(certificate.context, 'go\r\n');
      expect(connection.secured).toBe(true);
      for await (const chunk of connection) {
        connection.write(chunk);
        connection.write(big);
        await connection.flush();
      }
    });
    const plain = connect(port, '127.0.0.1');
    clients.push(plain);
    plain.write('STARTTLS\r\nINJECTED\r\n');
    setTimeout(() => plain.write('INJECTED TOO\r\n'), 10);
    expect(await line(plain)).toBe('go\r\n');
    const socket = connectTls({ socket: plain, rejectUnauthorized: false });
    clients.push(socket);
    await once(socket, 'secureConnect');
    socket.write('inside');
    let got = 0;
    let head = '';
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      if (head.length < 6) head += chunk.subarray(0, 6).toString();
      got += chunk.length;
      if (got === big.length + 6) break;
    }
    expect(head.startsWith('inside')).toBe(true);
  });
});
