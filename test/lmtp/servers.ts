import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import type { Listener } from '../../gateway/net/listener.ts';
import { CollectingDelivery, LmtpClient, type LmtpSettings, openLmtp } from './support.ts';

/** Ends with each test what the test has opened, and with the last one the folder that they have. */
export function lmtpServers() {
  const folder = mkdtempSync(join(tmpdir(), 'cirrus-lmtp-'));
  const listeners: Listener[] = [];
  const clients: LmtpClient[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.destroy();
    await Promise.all(listeners.splice(0).map((listener) => listener.drain()));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A server, and a client of it. */
  const open = async (settings: LmtpSettings = {}, delivery = new CollectingDelivery()) => {
    const listener = await openLmtp(delivery, settings);
    listeners.push(listener);
    const connect = async (): Promise<LmtpClient> => {
      const client = await LmtpClient.connect(listener);
      clients.push(client);
      return client;
    };
    return { delivery, listener, connect, client: await connect() };
  };
  return { folder, open };
}
