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
  log.info({ password: 'hunter2', user: { password: 'hunter2', sasl: { initialResponse: 'hunter2' } } }, 'x');
  expect(JSON.stringify(out.lines())).not.toContain('hunter2');
  expect(JSON.stringify(out.lines())).toContain('[secret]');
});
