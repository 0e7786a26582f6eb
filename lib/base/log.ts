import { type DestinationStream, type Logger, pino, stdSerializers, stdTimeFunctions } from 'pino';
import type { Config } from './config-schema.ts';

/**
 * The log: one JSON object per line on standard output.
 *
 * Always there: `level`, `time` (ISO 8601), `pid`, `msg` (a short constant text). Further fields by kind of line:
 * - a connection: `protocol`, `connection` (its id), `peer` (address or `unix`); at its end `bytesIn`, `bytesOut`
 * - a delivery: `sender`, `recipients` (number), `size`, and per refusal `recipient`, `code`
 * - an internal error: `errorId` (the client is told the same), `err` with type, message, stack
 *
 * Message content, passwords and SASL exchanges are never given to the log; fields that look like secrets are struck out
 * in case they are.
 */
export type Log = Pick<Logger, 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'child' | 'isLevelEnabled'>;

const secretNames = [
  'password',
  'passwd',
  'secret',
  'token',
  'credentials',
  'initialResponse',
  'authorization',
  'privateKey',
];

/** Opens the log; `destination` stands in for standard output in tests. */
export function openLog(level: Config['loglevel'] | 'silent', destination?: DestinationStream): Log {
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: stdSerializers.err },
    redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[secret]' },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
