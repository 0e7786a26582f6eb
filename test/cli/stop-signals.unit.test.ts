import { afterEach, expect, it } from 'vitest';
import { onStopSignals, type StopSignals } from '../../bin/stop-signals.ts';
import { openLog } from '../../lib/base/log.ts';

let signals: StopSignals | undefined;
afterEach(() => signals?.done());

it.each([
  ['its echo is nothing', 'SIGINT', 499, []],
  ['a second one ends the process', 'SIGINT', 500, [128 + 2]],
  ['another one ends it at any time', 'SIGTERM', 1, [128 + 15]],
] as const)('the first asks to stop; %s', async (_, signal, afterMs, ended) => {
  let now = 1000;
  const codes: number[] = [];
  signals = onStopSignals(openLog('silent'), { now: () => now, end: (code) => void codes.push(code) });
  process.emit('SIGINT', 'SIGINT');
  expect(await signals.first).toBe('SIGINT');
  now += afterMs;
  process.emit(signal, signal);
  expect(codes).toEqual(ended);
});
