import { createHash, type Hash } from 'node:crypto';
import { PASSWORD, USER } from './gateway.ts';
import { Wire } from './wire.ts';

/** Octets kept of a literal, to look at; the rest is only hashed. */
const KEPT_OCTETS = 1024 * 1024;

export interface Literal {
  readonly sizeBytes: number;
  readonly sha256: string;
  /** The beginning. */
  readonly bytes: Buffer;
}

/** One untagged response; where literals were, its text has `{n}`. */
export interface Response {
  readonly text: string;
  readonly literals: readonly Literal[];
}

export interface Result {
  readonly status: string;
  /** What follows the status, response code and all. */
  readonly text: string;
  readonly responses: readonly Response[];
}

/** An IMAP client that never holds a message. */
export class ImapClient {
  readonly wire: Wire;
  #tags = 0;

  private constructor(wire: Wire) {
    this.wire = wire;
  }

  /** The greeting is read. */
  static async connect(port: number): Promise<ImapClient> {
    const client = new ImapClient(await Wire.connect(port));
    await client.response();
    return client;
  }

  static async loggedIn(port: number, mailbox?: string): Promise<ImapClient> {
    const client = await ImapClient.connect(port);
    await client.ok(`LOGIN ${USER} ${PASSWORD}`);
    if (mailbox !== undefined) await client.ok(`SELECT ${mailbox}`);
    return client;
  }

  nextTag(): string {
    return `t${++this.#tags}`;
  }

  /** Sends a command and reads to its end; the octets of all literals go into `hash` too, in order. */
  async command(line: string, hash?: Hash): Promise<Result> {
    const tag = this.nextTag();
    await this.wire.write(`${tag} ${line}\r\n`);
    return this.result(tag, hash);
  }

  /** A command that must succeed. */
  async ok(line: string, hash?: Hash): Promise<readonly Response[]> {
    const { status, text, responses } = await this.command(line, hash);
    if (status !== 'OK') throw new Error(`${line.slice(0, 100)}: ${status} ${text}`);
    return responses;
  }

  /** What comes up to the tagged response. */
  async result(tag: string, hash?: Hash): Promise<Result> {
    const responses: Response[] = [];
    for (;;) {
      const response = await this.response(hash);
      if (response === undefined) return { status: 'END', text: responses.at(-1)?.text ?? '', responses };
      const [, status, text] = new RegExp(`^${tag} (OK|NO|BAD) (.*)$`).exec(response.text) ?? [];
      if (status !== undefined && text !== undefined) return { status, text, responses };
      responses.push(response);
    }
  }

  /** The next response; undefined when the server has ended. */
  async response(hash?: Hash): Promise<Response | undefined> {
    const texts: string[] = [];
    const literals: Literal[] = [];
    for (;;) {
      const line = await this.wire.line();
      if (line === undefined) return undefined;
      texts.push(line);
      const [, digits] = /~?\{(\d+)\}$/.exec(line) ?? [];
      if (digits === undefined) return { text: texts.join(''), literals };
      const own = createHash('sha256');
      const bytes = await this.wire.octets(Number(digits), hash === undefined ? [own] : [own, hash], KEPT_OCTETS);
      literals.push({ sizeBytes: Number(digits), sha256: own.digest('hex'), bytes });
    }
  }

  /** APPEND of octets that are made while they are sent; `head` is `{n}`, `{n+}`, `~{n}` or `~{n+}`. */
  async append(mailbox: string, head: string, chunks: Iterable<Buffer>): Promise<Result> {
    const tag = this.nextTag();
    await this.wire.write(`${tag} APPEND ${mailbox} ${head}\r\n`);
    if (!head.endsWith('+}')) {
      const answer = (await this.response())?.text ?? 'END';
      if (!answer.startsWith('+')) {
        const [, status = 'END', text = answer] = /^\S+ (OK|NO|BAD) (.*)$/.exec(answer) ?? [];
        return { status, text, responses: [] };
      }
    }
    await this.wire.writeAll(chunks);
    await this.wire.write('\r\n');
    return this.result(tag);
  }

  close(): void {
    this.wire.destroy();
  }
}
