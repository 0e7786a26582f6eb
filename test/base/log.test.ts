import { expect, test } from 'vitest';
import { openLog } from '../../lib/base/log.ts';

function capture(): { lines: () => Record<string, unknown>[]; write: (line: string) => void } {
  const written: string[] = [];
  return { write: (line) => written.push(line), lines: () => written.map((line) => JSON.parse(line)) };
}

test('lines are JSON with level and time, from the level on', () => {
  const out = capture();
  const log = openLog('info', out);
  log.debug('hidden');
  log.child({ protocol: 'imap', connection: '1' }).info({ bytesIn: 5 }, 'disconnected');
  expect(out.lines()).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      pid: process.pid,
      protocol: 'imap',
      connection: '1',
      bytesIn: 5,
      msg: 'disconnected',
    },
  ]);
});

test('what looks like a secret is struck out', () => {
  const out = capture();
  const log = openLog('info', out);
  const fields = {
    password: 'hunter2',
    user: { password: 'hunter2', name: 'a', sasl: { initialResponse: 'hunter2' } },
  };
  log.info(fields, 'x');
  log.child({ token: 'hunter2' }).info({ list: [{ secret: 'hunter2' }] }, 'y');
  const err = Object.assign(new Error('no'), { credentials: 'hunter2', request: { authorization: 'hunter2' } });
  log.error({ err }, 'z');
  expect(JSON.stringify(out.lines())).not.toContain('hunter2');
  const struck = '[secret]';
  expect(out.lines()).toMatchObject([
    { password: struck, user: { password: struck, name: 'a', sasl: { initialResponse: struck } }, msg: 'x' },
    { token: struck, list: [{ secret: struck }], msg: 'y' },
    { err: { type: 'Error', message: 'no', credentials: struck, request: { authorization: struck } }, msg: 'z' },
  ]);
  // What was given is another's, and stays as it was.
  expect(fields.user.password).toBe('hunter2');
});
