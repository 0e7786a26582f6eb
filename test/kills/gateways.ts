import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const cirrus = fileURLToPath(new URL('../../bin/cirrus.ts', import.meta.url));

export interface Ports {
  readonly imap: number;
  readonly lmtp: number;
  readonly pop3: number;
}

/** Gateways on one home, each of which is killed and started again. */
export class Gateways {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #slots: ({ readonly child: ChildProcess; readonly ports: Ports } | undefined)[];
  kills = 0;

  /** `environment`: the configuration of the home. */
  constructor(environment: Readonly<Record<string, string>>, count: number) {
    this.#environment = environment;
    this.#slots = Array.from({ length: count }, () => undefined);
  }

  async startAll(): Promise<void> {
    for (let slot = 0; slot < this.#slots.length; slot++) await this.start(slot);
  }

  /** Ports of one of the gateways that serve now; undefined when none does. */
  pick(random: () => number): Ports | undefined {
    const serving = this.#slots.filter((slot) => slot !== undefined);
    return serving[Math.floor(random() * serving.length)]?.ports;
  }

  /** Ports of all that serve, by slot. */
  all(): Ports[] {
    return this.#slots.flatMap((slot) => (slot === undefined ? [] : [slot.ports]));
  }

  async start(slot: number): Promise<void> {
    const child = spawn(process.execPath, [cirrus, 'serve'], {
      env: {
        ...process.env,
        ...this.#environment,
        CIRRUS_LISTEN_IMAP: '127.0.0.1:0',
        CIRRUS_LISTEN_IMAPS: 'off',
        CIRRUS_LISTEN_POP3: '127.0.0.1:0',
        CIRRUS_LISTEN_POP3S: 'off',
        CIRRUS_LISTEN_SIEVE: 'off',
        CIRRUS_LISTEN_LMTP: '127.0.0.1:0',
        CIRRUS_LISTEN_LMTP_UNIX: 'off',
        CIRRUS_ALLOWPLAINTEXT: 'yes',
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const found = new Map<string, number>();
    if (child.stdout === null) throw new Error('no output to read');
    const lines = createInterface({ input: child.stdout });
    for await (const line of lines) {
      const { msg, protocol = '', address = '' } = JSON.parse(line) as Record<string, string | undefined>;
      if (msg === 'listening') found.set(protocol, Number(/:(\d+)$/.exec(address)?.[1]));
      if (msg === 'ready') break;
    }
    child.stdout.resume();
    const [imap, lmtp, pop3] = [found.get('imap'), found.get('lmtp'), found.get('pop3')];
    if (imap === undefined || lmtp === undefined || pop3 === undefined) throw new Error('a gateway did not start');
    this.#slots[slot] = { child, ports: { imap, lmtp, pop3 } };
  }

  /** kill -9, then a new one in its place. */
  async killOne(random: () => number): Promise<void> {
    const slot = Math.floor(random() * this.#slots.length);
    await this.kill(slot);
    await this.start(slot);
  }

  /** kill -9. */
  async kill(slot: number): Promise<void> {
    await this.#end(slot, 'SIGKILL');
    this.kills++;
  }

  async stopAll(): Promise<void> {
    for (let slot = 0; slot < this.#slots.length; slot++) await this.#end(slot, 'SIGTERM');
  }

  async #end(slot: number, signal: NodeJS.Signals): Promise<void> {
    const gateway = this.#slots[slot];
    if (gateway === undefined) return;
    this.#slots[slot] = undefined;
    const ended = once(gateway.child, 'exit');
    gateway.child.kill(signal);
    await ended;
  }
}
