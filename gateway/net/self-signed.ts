import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { makeFolder } from './make-folder.ts';
import type { CertificateFiles } from './tls.ts';

const DAY_MS = 86_400_000;
const VALID_DAYS = 3650;

/** The self-signed certificate in `folder`; made when the folder is not there, by whichever process comes first. */
export async function ensureSelfSigned(folder: string, servername: string): Promise<CertificateFiles> {
  const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  if (existsSync(files.certFile) && existsSync(files.keyFile)) return files;
  const { certPem, keyPem } = await makeSelfSigned(servername);
  await makeFolder(dirname(folder));
  // Both files appear at once, so that another process never pairs its certificate with our key.
  const draft = `${folder}.${randomBytes(6).toString('hex')}`;
  await mkdir(draft, { mode: 0o700 });
  await writeFile(join(draft, 'key.pem'), keyPem, { mode: 0o600 });
  await writeFile(join(draft, 'cert.pem'), certPem, { mode: 0o600 });
  try {
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(files.certFile) || !existsSync(files.keyFile)) throw error;
  }
  return files;
}

/** A new EC P-256 key and a certificate for it that names this machine. */
export async function makeSelfSigned(
  servername: string,
  nowMs = Date.now(),
): Promise<{ readonly certPem: string; readonly keyPem: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const names = [...new Set(['localhost', hostname(), servername].filter((name) => name !== ''))];
  const subjectNames: x509.JsonGeneralNames = [
    ...names.map((value) => ({ type: 'dns' as const, value })),
    { type: 'ip', value: '127.0.0.1' },
    { type: 'ip', value: '::1' },
  ];
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [servername || hostname()] }],
      serialNumber: `01${randomBytes(15).toString('hex')}`,
      notBefore: new Date(nowMs - DAY_MS),
      notAfter: new Date(nowMs + VALID_DAYS * DAY_MS),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(subjectNames),
      ],
    },
    webcrypto,
  );
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { certPem: `${certificate.toString('pem')}\n`, keyPem: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
}
