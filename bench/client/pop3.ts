import { Stream } from './stream.ts';

/** A POP3 client that pipelines (RFC 2449 §6.6). */
export class Pop3Client {
  readonly #stream: Stream;

  private constructor(stream: Stream) {
    this.#stream = stream;
  }

  static async login(port: number, user: string, password: string): Promise<Pop3Client> {
    const stream = await Stream.connect(port);
    await stream.until(/\+OK.*\r\n/);
    const client = new Pop3Client(stream);
    await client.command(`USER ${user}`);
    await client.command(`PASS ${password}`);
    return client;
  }

  get received(): number {
    return this.#stream.received;
  }

  async command(command: string): Promise<void> {
    this.#stream.write(`${command}\r\n`);
    const [line] = await this.#stream.until(/(\+OK|-ERR).*\r\n/);
    if (!line.startsWith('+OK')) throw new Error(`${command}: ${line.trim()}`);
  }

  /** Fetches messages 1 to count, asking for a window of them ahead. */
  async retrieve(count: number, window: number): Promise<void> {
    let asked = 0;
    for (let done = 0; done < count; done++) {
      for (; asked < Math.min(count, done + window); asked++) this.#stream.write(`RETR ${asked + 1}\r\n`);
      const [answer] = await this.#stream.until(/-ERR.*\r\n|\r\n\.\r\n/);
      if (answer.startsWith('-ERR')) throw new Error(`RETR ${done + 1}: ${answer.trim()}`);
    }
  }

  async close(): Promise<void> {
    await this.command('QUIT').catch(() => undefined);
    this.#stream.destroy();
  }
}
