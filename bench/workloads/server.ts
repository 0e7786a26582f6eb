import { setTimeout as sleep } from 'node:timers/promises';
import type { ImapClient } from '../client/imap.ts';
import { usage } from '../processes.ts';
import { login } from './mailbox.ts';
import { timed, type Workload } from './workload.ts';

const IDLE_CONNECTIONS = 500;

/** What one more plain connection costs that is logged in, has INBOX selected and sits in IDLE. */
export const idleMemory: Workload = {
  name: `memory per idle connection, of ${IDLE_CONNECTIONS}`,
  unit: 'KiB',
  better: 'less',
  run: async ({ running }) => {
    const first = await idling(running, 20);
    const before = await settled(running.pid);
    const more = await idling(running, IDLE_CONNECTIONS);
    const after = await settled(running.pid);
    for (const client of [...first, ...more]) client.destroy();
    return (after - before) / IDLE_CONNECTIONS / 1024;
  },
};

/** From the start of the process, with the filled data folder, to its first greeting. */
export const startToGreeting: Workload = {
  name: 'start to greeting',
  unit: 'ms',
  better: 'less',
  run: async ({ running, restart }) => {
    await running.stop();
    return timed(restart);
  },
};

async function idling(running: Parameters<typeof login>[0], count: number): Promise<readonly ImapClient[]> {
  const clients: ImapClient[] = [];
  for (let i = 0; i < count; i++) {
    const client = await login(running, 'INBOX', `user${i % 16}`);
    client.send('IDLE');
    await client.line(/\+ .*\r\n/);
    clients.push(client);
  }
  return clients;
}

/** Memory once it has been the same for a while: collectors run when they like. */
async function settled(pid: number): Promise<number> {
  let last = usage(pid).pssBytes;
  for (let i = 0; i < 10; i++) {
    await sleep(500);
    const now = usage(pid).pssBytes;
    if (Math.abs(now - last) < last / 200) return now;
    last = now;
  }
  return last;
}
