import { expect, test } from 'vitest';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';

/** A repeatable source of choices. */
function choices(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Known {
  uid: number | undefined;
  /** Sorted, without \Recent; undefined: not known. */
  flags: string | undefined;
}

/** A client that believes what it is told and nothing else (RFC 9051 §5.2, §7.5.1). */
class Believer {
  readonly client: ImapClient;
  readonly name: string;
  messages: Known[] = [];

  constructor(client: ImapClient, name: string) {
    this.client = client;
    this.name = name;
  }

  async say(command: string): Promise<string> {
    const holds = /^(FETCH|STORE|SEARCH)/.test(command);
    const lines = await this.client.say('t', command);
    for (const line of lines) {
      if (holds && /EXPUNGE$|VANISHED/.test(line)) throw new Error(`${command} was answered with ${line}`);
      this.hear(line);
    }
    return lines.at(-1) ?? '';
  }

  hear(line: string): void {
    const exists = /^\* (\d+) EXISTS$/.exec(line);
    const gone = /^\* (\d+) EXPUNGE$/.exec(line);
    const vanished = /^\* VANISHED ([\d:,]+)$/.exec(line);
    const fetched = /^\* (\d+) FETCH \((.*)\)$/s.exec(line);
    if (exists !== null) {
      const count = Number(exists[1]);
      if (count < this.messages.length) throw new Error(`${line} but there are ${this.messages.length}`);
      while (this.messages.length < count) this.messages.push({ uid: undefined, flags: undefined });
    } else if (gone !== null) {
      const [lost] = this.messages.splice(Number(gone[1]) - 1, 1);
      if (lost === undefined) throw new Error(`${line} of nothing`);
    } else if (vanished !== null) this.#vanish(vanished[1] ?? '');
    else if (fetched !== null) this.#fetch(Number(fetched[1]), fetched[2] ?? '');
  }

  #vanish(set: string): void {
    for (const range of set.split(',')) {
      const [from = 0, to = from] = range.split(':').map(Number);
      for (let uid = from; uid <= to; uid++) {
        const at = this.messages.findIndex((message) => message.uid === uid);
        if (at < 0) throw new Error(`VANISHED ${uid}, which is not known`);
        this.messages.splice(at, 1);
      }
    }
  }

  #fetch(number: number, items: string): void {
    const message = this.messages[number - 1];
    if (message === undefined) throw new Error(`FETCH of ${number} of ${this.messages.length}`);
    const uid = /UID (\d+)/.exec(items);
    if (uid !== null) {
      if (message.uid !== undefined && message.uid !== Number(uid[1])) {
        throw new Error(`message ${number} is UID ${message.uid}, then ${uid[1]}`);
      }
      message.uid = Number(uid[1]);
    }
    const flags = /FLAGS \(([^)]*)\)/.exec(items);
    if (flags !== null) message.flags = sorted((flags[1] ?? '').split(' '));
  }

  /** What a silent STORE made of the flags, as the client reckons. */
  reckon(number: number, add: boolean, flag: string): void {
    const message = this.messages[number - 1];
    if (message?.flags === undefined) return;
    const rest = message.flags.split(' ').filter((one) => one !== flag);
    message.flags = sorted(add ? [...rest, flag] : rest);
  }
}

function sorted(flags: readonly string[]): string {
  return flags
    .filter((flag) => flag !== '' && flag !== '\\Recent')
    .sort()
    .join(' ');
}

const flagNames = ['\\Seen', '\\Flagged', '\\Deleted', '$Work', '\\Answered'];

/** One random command of one client. */
async function step(who: Believer, pick: (below: number) => number): Promise<void> {
  const count = who.messages.length;
  const number = 1 + pick(Math.max(1, count));
  const flag = flagNames[pick(flagNames.length)] ?? '';
  const kind = count === 0 ? 0 : pick(12);
  if (kind <= 1) {
    for (const line of await who.client.append('INBOX', `Subject: ${pick(1000)}\r\n\r\nx\r\n`)) who.hear(line);
  } else if (kind <= 3) {
    const add = pick(2) === 0;
    who.reckon(number, add, flag);
    const answer = await who.say(`STORE ${number} ${add ? '+' : '-'}FLAGS.SILENT (${flag})`);
    expect(answer).toMatch(/^t (OK|NO \[EXPUNGEISSUED\])/);
  } else if (kind === 4)
    expect(await who.say(`STORE ${number}:* ${pick(2) === 0 ? '+' : '-'}FLAGS (${flag})`)).toMatch(/^t (OK|NO \[EXP)/);
  else if (kind === 5) await who.say('EXPUNGE');
  else if (kind === 6) await who.say(`MOVE ${number} Trash`);
  else if (kind === 7) expect(await who.say(`FETCH ${number}:* (UID FLAGS)`)).toMatch(/^t (OK|NO \[EXPUNGEISSUED\])/);
  else if (kind === 8) await who.say('SEARCH ALL');
  else if (kind === 9) await who.say('UID FETCH 1:* FLAGS');
  else if (kind === 10) await who.say(`FETCH ${number} BODY[TEXT]`);
  else await who.say('NOOP');
  // VANISHED names UIDs: such a client asks for those it does not know yet.
  if (who.name === 'qresync' && who.messages.some(({ uid }) => uid === undefined)) await who.say('UID FETCH 1:* FLAGS');
}

test.each([false, true])('clients that believe what they are told agree in the end (at once: %s)', async (atOnce) => {
  const seed = Date.now() % 2 ** 31;
  const pick = choices(seed);
  await using gateway = await openImapGateway();
  const believers: Believer[] = [];
  for (const [name, enable] of [
    ['rev1', 'NOOP'],
    ['rev2', 'ENABLE IMAP4rev2 CONDSTORE'],
    // Its VANISHED may come while it asks for UIDs that are new: only commands one after the other tell them apart.
    ...(atOnce ? [['condstore', 'ENABLE CONDSTORE']] : [['qresync', 'ENABLE QRESYNC']]),
  ] as const) {
    const client = await ImapClient.loggedIn(gateway.port);
    await client.say('e', enable ?? '');
    const believer = new Believer(client, name ?? '');
    await believer.say('SELECT INBOX');
    believers.push(believer);
  }
  try {
    for (let round = 0; round < 150; round++) {
      if (atOnce) await Promise.all(believers.map((who) => step(who, pick)));
      else await step(believers[pick(believers.length)] as Believer, pick);
    }
    for (const who of believers) {
      await who.say('NOOP');
      const believed = who.messages.map(({ flags }) => flags);
      const fresh = await who.client.say('t', 'FETCH 1:* (UID FLAGS)');
      expect(fresh.at(-1)).toMatch(/^t OK/);
      expect(fresh.length - 1).toBe(who.messages.length);
      for (const line of fresh) who.hear(line);
      for (const [i, flags] of believed.entries()) {
        if (flags !== undefined) expect(`${i + 1}: ${flags}`).toBe(`${i + 1}: ${who.messages[i]?.flags}`);
      }
    }
    const uids = believers.map(({ messages }) => messages.map(({ uid }) => uid));
    for (const list of uids) expect(list).toEqual(uids[0]);
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
  } finally {
    for (const { client } of believers) client.close();
  }
  expect(gateway.errors).toEqual([]);
});
