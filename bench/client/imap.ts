import { Stream } from './stream.ts';

/** An IMAP client that is as cheap as can be; an answer other than OK is an error. */
export class ImapClient {
  readonly #stream: Stream;
  #tag = 0;

  private constructor(stream: Stream) {
    this.#stream = stream;
  }

  static async connect(port: number): Promise<ImapClient> {
    const stream = await Stream.connect(port);
    await stream.until(/\* OK.*\r\n/);
    return new ImapClient(stream);
  }

  /** Bytes received in all. */
  get received(): number {
    return this.#stream.received;
  }

  /** Sends a command without waiting; the answer is told by its tag. */
  send(command: string): string {
    const tag = `T${++this.#tag}.`;
    this.#stream.write(`${tag} ${command}\r\n`);
    return tag;
  }

  write(data: string | Uint8Array): void {
    this.#stream.write(data);
  }

  /** Waits for the tagged answer, which must be OK; answers its text. */
  async answer(tag: string): Promise<string> {
    const [, status = '', text = ''] = await this.#stream.until(new RegExp(`(?:^|\\n)${tag} (OK|NO|BAD)(.*)\\r\\n`));
    if (status !== 'OK') throw new Error(`answered ${status}${text}`);
    return text;
  }

  async command(command: string): Promise<string> {
    try {
      return await this.answer(this.send(command));
    } catch (error) {
      throw new Error(`${command.slice(0, 80)}: ${String(error)}`);
    }
  }

  /** Waits for a line, tagged or not. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#stream.until(pattern);
  }

  /** Closes without a word. */
  destroy(): void {
    this.#stream.destroy();
  }

  async close(): Promise<void> {
    await this.command('LOGOUT').catch(() => undefined);
    this.#stream.destroy();
  }
}
