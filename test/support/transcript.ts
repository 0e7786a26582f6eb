import { ImapClient } from './imap-client.ts';

/**
 * A transcript: what several clients say and hear, one line each.
 *
 *     @ users anna bob        settings of the gateway (users, admins, max, quota, plaintext, submit, messagelimit, savelimit,
 *                             defaultdomain, altnamespace, unixhierarchysep, referrals); `anna` alone is the default
 *     # a comment
 *     1> a LOGIN anna secret  client 1 says; the first mention of a client connects it and takes the greeting
 *     1< a OK ...             the next response of client 1; `...` stands for anything, `$name` for what it was first
 *     1~ a OK ...             some later response: those before it are passed over
 *     1! ... EXPUNGE          no response since client 1 last spoke was like this
 *     1> b APPEND INBOX {+}   `{+}`, `{}`, `~{+}`: a literal; its lines follow, each with CRLF, and its size is put in
 *     | From: x               (for `{}` the client waits for `+` first)
 *     1< * 1 FETCH (... {9}   a response goes on over the lines after its literals
 *     | From: x
 *     | )
 */
export interface Transcript {
  readonly settings: ReadonlyMap<string, string>;
  readonly steps: readonly Step[];
}

interface Step {
  readonly lineNumber: number;
  readonly client: string;
  readonly action: '>' | '<' | '~' | '!';
  readonly text: string;
  /** Lines that follow with `| `. */
  readonly more: readonly string[];
}

export function parseTranscript(text: string): Transcript {
  const settings = new Map<string, string>();
  const steps: (Step & { readonly more: string[] })[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const setting = /^@ (\w+) (.*)$/.exec(line);
    const step = /^(\w)([><~!]) ?(.*)$/.exec(line);
    if (setting !== null) settings.set(setting[1] ?? '', setting[2] ?? '');
    else if (line.startsWith('|')) steps.at(-1)?.more.push(line.slice(2));
    else if (step !== null) {
      const [, client = '', action = '', said = ''] = step;
      steps.push({ lineNumber: i + 1, client, action: action as Step['action'], text: said, more: [] });
    } else throw new Error(`line ${i + 1} is no transcript: ${line}`);
  }
  return { settings, steps };
}

/** Plays a transcript against servers (`port`: of each client's); throws at the first response that is not as written. */
export async function playTranscript(
  { steps }: Transcript,
  port: number | ((client: string) => number),
): Promise<void> {
  const clients = new Map<string, Player>();
  const variables = new Map<string, string>();
  try {
    for (const step of steps) {
      let player = clients.get(step.client);
      if (player === undefined) {
        const at = typeof port === 'number' ? port : port(step.client);
        clients.set(step.client, (player = await Player.connect(at)));
      }
      try {
        await player.play(step, variables);
      } catch (error) {
        throw new Error(`line ${step.lineNumber}: ${error instanceof Error ? error.message : error}`);
      }
    }
  } finally {
    for (const player of clients.values()) player.client.close();
  }
}

class Player {
  readonly client: ImapClient;
  #heard: string[] = [];

  constructor(client: ImapClient) {
    this.client = client;
  }

  static async connect(port: number): Promise<Player> {
    const client = await ImapClient.connect(port);
    await client.line();
    return new Player(client);
  }

  async play({ action, text, more }: Step, variables: Map<string, string>): Promise<void> {
    if (action === '>') {
      this.#heard = [];
      return this.#say(substituted(text, variables), more);
    }
    const wanted = [text, ...more].join('\r\n');
    if (action === '!') {
      const found = this.#heard.find((line) => matches(line, wanted, variables));
      if (found !== undefined) throw new Error(`heard ${JSON.stringify(found)}`);
      return;
    }
    for (;;) {
      const line = await this.client.line();
      this.#heard.push(line);
      if (matches(line, wanted, variables)) return;
      if (action === '<' || line === 'END') {
        throw new Error(`wanted ${JSON.stringify(wanted)}\n     heard ${JSON.stringify(line)}`);
      }
    }
  }

  async #say(text: string, more: readonly string[]): Promise<void> {
    const literal = /\{(\+?)\}$/.exec(text);
    if (literal === null) {
      this.client.send(utf8(`${text}\r\n`));
      return;
    }
    const octets = utf8(more.map((line) => `${line}\r\n`).join(''));
    this.client.send(utf8(`${text.slice(0, literal.index)}{${octets.length}${literal[1]}}\r\n`));
    if (literal[1] === '') {
      const line = await this.client.line();
      if (!line.startsWith('+ ')) throw new Error(`wanted "+", heard ${JSON.stringify(line)}`);
    }
    this.client.send(octets);
    this.client.send('\r\n');
  }
}

function utf8(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

function substituted(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$([a-z]\w*)/g, (whole, name: string) => variables.get(name) ?? whole);
}

/** Whether a response is as wanted; `$name` takes what stands there when it is new. */
function matches(line: string, wanted: string, variables: Map<string, string>): boolean {
  const names: string[] = [];
  const pattern = substituted(Buffer.from(wanted, 'utf8').toString('latin1'), variables).replace(
    /\.\.\.|\$([a-z]\w*)|[\\^$.*+?()[\]{}|]/g,
    (special, name: string | undefined) => {
      if (special === '...') return '[^]*';
      if (name === undefined) return `\\${special}`;
      names.push(name);
      return '(\\w+)';
    },
  );
  const match = new RegExp(`^${pattern}$`).exec(line);
  if (match === null) return false;
  for (const [i, name] of names.entries()) variables.set(name, match[i + 1] ?? '');
  return true;
}
