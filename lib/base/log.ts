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

const secretNames = new Set([
  'password',
  'passwd',
  'secret',
  'token',
  'credentials',
  'initialResponse',
  'authorization',
  'privateKey',
]);
const STRUCK_OUT = '[secret]';
/** Objects inside each other that are looked into. */
const MAX_DEPTH = 3;

/** Opens the log; `destination` stands in for standard output in tests. */
export function openLog(level: Config['loglevel'] | 'silent', destination?: DestinationStream): Log {
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: (fields: Fields) => withoutSecrets(fields) },
    serializers,
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

type Fields = Record<string, unknown>;

/** Of a child's own fields pino asks nobody else. */
const serializers = {
  ...Object.fromEntries([...secretNames].map((name) => [name, () => STRUCK_OUT])),
  err: (error: Error) => withoutSecrets({ ...stdSerializers.err(error) }, 2),
};

/**
 * The fields with their secrets struck out: the same object when there are none, which is nearly always (pino's own
 * `redact` took two thirds of the time of a line).
 */
function withoutSecrets(fields: Fields, depth = 1): Fields {
  let clean: Fields | undefined;
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    const isNested = depth < MAX_DEPTH && isFields(value);
    const shown = secretNames.has(name) ? STRUCK_OUT : isNested ? withoutSecrets(value, depth + 1) : value;
    if (shown === value) continue;
    clean ??= copyOf(fields);
    clean[name] = shown;
  }
  return clean ?? fields;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !(value instanceof Error) && !ArrayBuffer.isView(value);
}

function copyOf(fields: Fields): Fields {
  return Array.isArray(fields) ? Object.assign([], fields) : { ...fields };
}
