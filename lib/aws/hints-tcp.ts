import { createHmac, timingSafeEqual } from 'node:crypto';
import { createConnection, createServer } from 'node:net';
import { type HintLink, SocketHints } from '../hints/socket-hints.ts';
import { StoreError } from '../store/errors.ts';
import type { Hints } from '../store/ports.ts';

// Behind the hint: a space, HMAC-SHA-256 of the receiver's address and the hint.
const SEALED = /^(.{1,240}) ([0-9a-f]{64})$/;
const ADDRESS = /^((?:\d{1,3}\.){3}\d{1,3}):(\d{1,5})$/;
const KEY_BYTES = 16;

export interface TcpHintsOptions {
  /** IPv4 address under which the other gateways reach this one. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Shared by all gateways, 16 bytes or more. A hint without its mark is dropped; one sent twice does no harm. */
  readonly key: Uint8Array;
}

/** Opens the Hints port between gateways of one network (Rule 20). Throws `StoreError` when the address cannot be had. */
export async function openTcpHints({ host, port, key }: TcpHintsOptions): Promise<Hints> {
  if (key.length < KEY_BYTES)
    throw new RangeError(`a hint key of ${key.length} bytes; at least ${KEY_BYTES} are needed`);
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve());
    });
  } catch (error) {
    throw new StoreError('unavailable', `listening for hints at ${host}:${port}: ${String(error)}`, { cause: error });
  }
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) throw new Error('the hint server has no address');
  return new SocketHints(server, `${host}:${bound.port}`, sealedBy(key));
}

/** Over TCP anybody may connect: who does not know the key is not heard. */
function sealedBy(key: Uint8Array): HintLink {
  const mark = (text: string, receiver: string): Buffer =>
    createHmac('sha256', key).update(`${receiver} ${text}`).digest();
  return {
    connect(address) {
      const [, host, port] = ADDRESS.exec(address) ?? [];
      if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined;
      return createConnection({ host, port: Number(port), noDelay: true, keepAlive: true });
    },
    seal: (text, receiver) => `${text} ${mark(text, receiver).toString('hex')}`,
    unseal(line, receiver) {
      const [, text = '', given = ''] = SEALED.exec(line) ?? [];
      if (given === '' || !timingSafeEqual(Buffer.from(given, 'hex'), mark(text, receiver))) return undefined;
      return text;
    },
  };
}
