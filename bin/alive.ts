import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { loadConfig } from '../lib/base/config.ts';
import type { ListenAddress } from '../lib/base/config-values.ts';

// The container's health check: ends with 0 when this machine's IMAP greets in time. One that is full and says so is well.
const WAIT_MS = 8000;

const { config } = loadConfig();
const [plain] = config.listen_imap;
const [secure] = config.listen_imaps;
if (plain !== undefined) greets(connect(target(plain)));
// Whom the certificate names is for clients to check.
else if (secure !== undefined) greets(connectTls({ ...target(secure), rejectUnauthorized: false }));

function target(address: ListenAddress): { readonly host: string; readonly port: number } | { readonly path: string } {
  if ('path' in address) return { path: address.path };
  const host = address.host === undefined || address.host === '0.0.0.0' ? '127.0.0.1' : address.host;
  return { host: host === '::' ? '::1' : host, port: address.port };
}

function greets(socket: Socket): void {
  const fail = (): never => process.exit(1);
  socket.setTimeout(WAIT_MS, fail).on('error', fail).on('close', fail);
  socket.once('data', (bytes: Buffer) => process.exit(bytes.toString('latin1').startsWith('* ') ? 0 : 1));
}
