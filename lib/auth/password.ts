import { argon2, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { authLimits } from './limits.ts';
import { Slots } from './slots.ts';

/** OWASP's least for argon2id: 19 MiB, 2 passes, 1 lane; about 40 ms of a core. */
const COST = { memory: 19 * 1024, passes: 2, parallelism: 1 };
const SALT_BYTES = 16;
const TAG_BYTES = 32;
/** The most that a verifier from elsewhere may cost. */
const COST_LIMIT = { memory: 256 * 1024, passes: 16, parallelism: 16 };

/** Letters and digits that are not taken for one another. */
const READABLE = 'abcdefghjkmnpqrstuvwxyz23456789';

const runArgon2 = promisify(argon2);

// Hashing runs on libuv's threads, which files and names of hosts need too: at most one per core, and not all of them.
const THREADS = Number(process.env.UV_THREADPOOL_SIZE ?? 4);
const slots = new Slots(Math.max(1, Math.min(availableParallelism(), THREADS - 2)), authLimits.waitingLogins);

/** A password cannot be used; the message says why, to whoever chose it. */
export class BadPassword extends Error {
  override readonly name = 'BadPassword';
}

/** The PHC string to be stored for a password. Throws {@link BadPassword}. */
export async function hashPassword(password: string): Promise<string> {
  checkPassword(password);
  const salt = randomBytes(SALT_BYTES);
  return formatVerifier({ ...COST, salt, tag: await hash(password, { ...COST, salt, tagLength: TAG_BYTES }) });
}

/**
 * Whether this is the password of the verifier; without a verifier, or with an unreadable one, it takes as long to say no.
 * Rejects with `StoreError('unavailable')` when too many wait already.
 */
export async function verifyPassword(password: string, verifier: string | undefined): Promise<boolean> {
  const known = verifier === undefined ? undefined : parseVerifier(verifier);
  const { tag, memory, passes, parallelism, salt } = known ?? NOBODY;
  const given = password.length > authLimits.passwordBytes ? '' : password;
  const computed = await hash(given, { memory, passes, parallelism, salt, tagLength: tag.length });
  return timingSafeEqual(computed, tag) && known !== undefined && isPossible(password);
}

/** A new random password of 20 characters (89 bits) that can be read out: `k7vmqd-x3ctrb-9hwzfa`. */
export function generatePassword(): string {
  const group = (): string => Array.from({ length: 6 }, () => READABLE[randomInt(READABLE.length)]).join('');
  return [group(), group(), group()].join('-');
}

/** Throws {@link BadPassword} unless it can be a password. */
export function checkPassword(password: string): void {
  if (password === '') throw new BadPassword('the password is empty');
  if (Buffer.byteLength(password) > authLimits.passwordBytes) {
    throw new BadPassword(`the password is longer than ${authLimits.passwordBytes} bytes`);
  }
  if (!isPossible(password)) throw new BadPassword('the password has control characters, which clients cannot send');
}

function isPossible(password: string): boolean {
  return (
    password !== '' &&
    Buffer.byteLength(password) <= authLimits.passwordBytes &&
    !/[\u0000-\u001f\u007f\ufffd]/.test(password)
  );
}

/** As RFC 8265 §4.2.2 (OpaqueString) prepares a password: one kind of space, composed characters. */
function prepared(password: string): string {
  return password.replace(/\p{Zs}/gu, ' ').normalize('NFC');
}

interface Argon2Cost {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Buffer;
}

function hash(password: string, { salt, ...cost }: Argon2Cost & { readonly tagLength: number }): Promise<Buffer> {
  const message = Buffer.from(prepared(password), 'utf8');
  return slots.run(() => runArgon2('argon2id', { message, nonce: salt, ...cost }));
}

interface Verifier extends Argon2Cost {
  readonly tag: Buffer;
}

/** Nobody's verifier: costs what a real one costs. */
const NOBODY: Verifier = { ...COST, salt: randomBytes(SALT_BYTES), tag: randomBytes(TAG_BYTES) };

function formatVerifier({ memory, passes, parallelism, salt, tag }: Verifier): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`;
}

function parseVerifier(text: string): Verifier | undefined {
  const match = /^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,9})\$([\w+/]{11,88})\$([\w+/]{11,88})$/.exec(text);
  if (match === null) return undefined;
  const [memory, passes, parallelism] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (memory > COST_LIMIT.memory || passes > COST_LIMIT.passes || parallelism > COST_LIMIT.parallelism)
    return undefined;
  if (passes < 1 || parallelism < 1 || memory < 8 * parallelism) return undefined;
  const [salt, tag] = [Buffer.from(match[4] ?? '', 'base64'), Buffer.from(match[5] ?? '', 'base64')];
  return { memory, passes, parallelism, salt, tag };
}

/** PHC strings have no padding. */
function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
