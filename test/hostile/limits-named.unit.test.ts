import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LIMITS_AFTER_LOGIN } from '../../gateway/imap/wire/limits.ts';
import { authLimits, throttleLimits } from '../../lib/auth/limits.ts';
import {
  connectionLimits,
  imapLimits,
  listenerLimits,
  lmtpLimits,
  manageSieveLimits,
  pop3Limits,
  proxyLimits,
  smmapdLimits,
} from '../../lib/base/limits.ts';
import * as message from '../../lib/message/limits.ts';

const groups = {
  connectionLimits,
  listenerLimits,
  lmtpLimits,
  manageSieveLimits,
  imapLimits,
  pop3Limits,
  proxyLimits,
  smmapdLimits,
  wireLimits: LIMITS_AFTER_LOGIN,
  messageLimits: message.messageLimits,
  messageConstants: Object.fromEntries(Object.entries(message).filter(([, value]) => typeof value === 'number')),
  authLimits,
  throttleLimits,
};

/** What sets a pace or a portion and refuses nobody anything, so that it has no border for a client to meet. */
const PACES = new Set([
  'outputBatchBytes',
  'backlog',
  'batchMessages',
  'pieceBytes',
  'structuresAtOnce',
  'windowBytes',
  'watchMs',
  'maxTextPieceBytes',
  'successMs',
  'successes',
  'addressForgiveMs',
  'freshMs',
]);

/** The text of all tests but this one. */
const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.ts') && !path.endsWith('limits-named.unit.test.ts'))
  .map((path) => readFileSync(join('test', path), 'utf8'))
  .join('\n');

describe.each(Object.entries(groups))('%s', (_, limits) => {
  it('each has a number and is named by a test', () => {
    const untested = Object.entries(limits).filter(
      ([name, value]) => !(value > 0) || !(PACES.has(name) || new RegExp(`\\b${name}\\b`).test(tests)),
    );
    expect(untested).toEqual([]);
  });
});
