import { Stream } from './stream.ts';

/** An LMTP client that sends the envelope in one write (RFC 2920). */
export class LmtpClient {
  readonly #stream: Stream;

  private constructor(stream: Stream) {
    this.#stream = stream;
  }

  static async connect(port: number): Promise<LmtpClient> {
    const stream = await Stream.connect(port);
    await stream.until(/220.*\r\n/);
    stream.write('LHLO bench.example\r\n');
    await stream.until(/250 .*\r\n/);
    return new LmtpClient(stream);
  }

  /** Delivers one message to one recipient; the promise resolves with the 250 after the dot. */
  async deliver(recipient: string, message: Buffer): Promise<void> {
    this.#stream.write(`MAIL FROM:<sender@bench.example>\r\nRCPT TO:<${recipient}>\r\nDATA\r\n`);
    await this.#expect(/354.*\r\n|[45]\d\d .*\r\n/, '354');
    this.#stream.write(message);
    this.#stream.write('\r\n.\r\n');
    await this.#expect(/(250|[45]\d\d).*\r\n/, '250');
  }

  async close(): Promise<void> {
    this.#stream.write('QUIT\r\n');
    await this.#stream.until(/221.*\r\n/);
    this.#stream.destroy();
  }

  async #expect(pattern: RegExp, code: string): Promise<void> {
    const [line] = await this.#stream.until(pattern);
    if (!line.startsWith(code)) throw new Error(`LMTP answered ${line.trim()}`);
  }
}
