import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ImapFlow } from 'imapflow';
import { beforeAll, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { connect } from './imapflow.ts';
import { clientEnvironment, handIn, pythonScript } from './mailboxes.ts';
import { message } from './messages.ts';
import { describeWith } from './programs.ts';

/** What "at once" means in the tests: far above what it takes, far below any polling interval of a mail client. */
const AT_ONCE_MS = 5000;

describeWith(['swaks', 'python3'], 'two clients on one mailbox', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(['watch', 'raw', 'peers', 'apart']);
    return () => gateway[Symbol.asyncDispose]();
  });

  it('one that idles is told of deliveries, flags and expunges by others', async () => {
    await using watcher = await connect(gateway, 'watch');
    await using other = await connect(gateway, 'watch', { startTls: true });
    const events = eventsOf(watcher.imap);
    await watcher.imap.mailboxOpen('INBOX');
    await other.imap.mailboxOpen('INBOX');
    const idling = watcher.imap.idle();

    await soon(events, 'exists 1', () => handIn(gateway, ['watch'], message('one')));
    await soon(events, 'exists 2', () => handIn(gateway, ['watch'], message('two'), 'unix'));
    await soon(events, 'exists 3', () => other.imap.append('INBOX', message('three')));
    await soon(events, 'flags 2 \\Flagged', () => other.imap.messageFlagsAdd('2', ['\\Flagged'], { uid: true }));
    await soon(events, 'flags 2 ', () => other.imap.messageFlagsRemove('2', ['\\Flagged'], { uid: true }));
    await soon(events, 'expunge 2', () => other.imap.messageDelete('2', { uid: true }));
    await soon(events, 'expunge 1', () => other.imap.messageMove('1', 'Trash', { uid: true }));
    await soon(events, 'exists 2', async () => {
      await other.imap.mailboxOpen('Trash');
      await other.imap.messageCopy('1', 'INBOX', { uid: true });
    });

    await watcher.imap.noop();
    await idling;
    expect(await watcher.imap.search({ all: true }, { uid: true })).toEqual([3, 4]);
  });

  it('both may idle, and each sees what the other has done in between', async () => {
    await using one = await connect(gateway, 'peers');
    await using two = await connect(gateway, 'peers');
    await one.imap.append('INBOX', message('seen by both'));
    await one.imap.mailboxOpen('INBOX');
    await two.imap.mailboxOpen('INBOX');
    const events = { one: eventsOf(one.imap), two: eventsOf(two.imap) };
    for (let round = 1; round <= 3; round++) {
      for (const [doer, watcher] of [
        ['one', 'two'],
        ['two', 'one'],
      ] as const) {
        const { imap } = doer === 'one' ? one : two;
        void (doer === 'one' ? two : one).imap.idle();
        const keyword = `${doer}-${round}`;
        await soon(events[watcher], 'flags 1', () => imap.messageFlagsSet('1', [keyword], { uid: true }), keyword);
      }
    }
  });

  it('whoever changes the mailbox: another server on the same data, or the command line', async () => {
    await using server = await gateway.another();
    await using watcher = await connect(gateway, 'apart');
    await using other = await connect(server, 'apart');
    const events = eventsOf(watcher.imap);
    await watcher.imap.mailboxOpen('INBOX');
    const idling = watcher.imap.idle();
    await soon(events, 'exists 1', () => gateway.cirrus(['deliver', 'apart'], message('by the command line')));
    await soon(events, 'exists 2', () => other.imap.append('INBOX', message('elsewhere')));
    await other.imap.mailboxOpen('INBOX');
    await soon(events, 'flags 1 \\Flagged', () => other.imap.messageFlagsAdd('1', ['\\Flagged'], { uid: true }));
    await soon(events, 'expunge 1', () => other.imap.messageDelete('1', { uid: true }));
    await watcher.imap.noop();
    await idling;
    expect(await watcher.imap.search({ all: true }, { uid: true })).toEqual([2]);
  });

  it('a bare IDLE shows each line as it happens', async () => {
    await using other = await connect(gateway, 'raw');
    const env = { ...process.env, ...clientEnvironment(gateway, 'raw') };
    const args = [pythonScript('imaplib_wire.py'), 'idle', '* 1 EXPUNGE'];
    const child = spawn('python3', args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const ended = once(child, 'exit');
      const lines = linesOf(child);
      await until('it idles', () => lines.includes('ready'));
      await soon(lines, '* 1 EXISTS', () => handIn(gateway, ['raw'], message('raw')));
      await other.imap.mailboxOpen('INBOX');
      await soon(
        lines,
        '* 1 FETCH',
        () => other.imap.messageFlagsAdd('1', ['\\Answered'], { uid: true }),
        '\\Answered',
      );
      await soon(lines, '* 1 EXPUNGE', () => other.imap.messageDelete('1', { uid: true }));
      expect(await ended).toEqual([0, null]);
    } finally {
      child.kill();
    }
  });
});

/** The events of a session, one short text each, as they come. */
function eventsOf(imap: ImapFlow): readonly string[] {
  const events: string[] = [];
  imap.on('exists', ({ count }) => events.push(`exists ${count}`));
  imap.on('expunge', ({ seq, vanished }) => events.push(`expunge ${vanished ? 'vanished' : seq}`));
  imap.on('flags', ({ seq, flags }) => {
    events.push(`flags ${seq} ${[...flags].filter((flag) => flag !== '\\Recent').join(' ')}`);
  });
  return events;
}

function linesOf({ stdout }: ChildProcess): readonly string[] {
  const lines: string[] = [];
  if (stdout !== null) createInterface({ input: stdout }).on('line', (line) => lines.push(line));
  return lines;
}

/** Does something and expects that the other client is told of it in time, by a line that begins and contains so. */
async function soon(
  lines: readonly string[],
  begin: string,
  act: () => Promise<unknown>,
  contains = '',
): Promise<void> {
  const before = lines.length;
  await act();
  const started = performance.now();
  await until(`"${begin}" is told (so far: ${lines.slice(before).join(', ')})`, () =>
    lines.slice(before).some((line) => line.startsWith(begin) && line.includes(contains)),
  );
  expect(performance.now() - started, begin).toBeLessThan(AT_ONCE_MS);
}
