import { Wire } from './wire.ts';

/** An LMTP client that makes messages while it sends them. */
export class LmtpClient {
  readonly wire: Wire;

  private constructor(wire: Wire) {
    this.wire = wire;
  }

  /** Greeting and LHLO are done. */
  static async connect(port: number): Promise<LmtpClient> {
    const client = new LmtpClient(await Wire.connect(port));
    await client.reply();
    await client.say('LHLO hostile.example');
    return client;
  }

  /** The next reply, its lines joined; 'END' when the server has ended. */
  async reply(): Promise<string> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.wire.line();
      if (line === undefined) return lines.length === 0 ? 'END' : `END after ${lines.join(' | ')}`;
      lines.push(line);
      if (!/^\d{3}-/.test(line)) return lines.join(' | ');
    }
  }

  async say(line: string): Promise<string> {
    await this.wire.write(`${line}\r\n`);
    return this.reply();
  }

  async begin(recipient: string): Promise<void> {
    for (const line of ['MAIL FROM:<sender@example.com>', `RCPT TO:<${recipient}>`]) {
      const answer = await this.say(line);
      if (!answer.startsWith('250')) throw new Error(`${line}: ${answer}`);
    }
  }

  /** DATA with dots stuffed (RFC 5321 §4.5.2). A message that does not end with CRLF gets one: there is no other way. */
  async data(chunks: Iterable<Buffer>): Promise<string> {
    const ready = await this.say('DATA');
    if (!ready.startsWith('354')) return ready;
    let tail = '\r\n';
    for (const chunk of chunks) {
      await this.wire.write(stuffed(chunk, tail));
      tail = (tail + chunk.toString('latin1', Math.max(0, chunk.length - 2))).slice(-2);
    }
    await this.wire.write(tail === '\r\n' ? '.\r\n' : '\r\n.\r\n');
    return this.reply();
  }

  /** BDAT, one for each chunk (RFC 3030). */
  async bdat(chunks: Iterable<Buffer>): Promise<string> {
    for (const chunk of chunks) {
      await this.wire.write(`BDAT ${chunk.length}\r\n`);
      await this.wire.write(chunk);
      const answer = await this.reply();
      if (!answer.startsWith('250')) return answer;
    }
    return this.say('BDAT 0 LAST');
  }

  close(): void {
    this.wire.destroy();
  }
}

/** The chunk with dots at the beginning of its lines doubled; `tail`: the two octets before it. */
function stuffed(chunk: Buffer, tail: string): Buffer {
  if (!chunk.includes('.')) return chunk;
  const text = tail + chunk.toString('latin1');
  // The tail was sent already; what it ends may be a line.
  return Buffer.from(text.replaceAll('\r\n.', '\r\n..').slice(tail.length), 'latin1');
}
