import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// What the container runs: `cirrus`, after the certificate that came as a secret in the environment was made a file of it.
const pem = process.env.TLS_CERTIFICATE_PEM;
delete process.env.TLS_CERTIFICATE_PEM;
if (pem !== undefined && pem.trim() !== '') {
  const folder = join(process.env.CIRRUS_CONFIGDIRECTORY ?? './data', 'tls');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'given.pem');
  writeFileSync(file, `${pem.trim()}\n`, { mode: 0o600 });
  process.env.CIRRUS_TLS_SERVER_CERT = file;
}
await import('./cirrus.ts');
