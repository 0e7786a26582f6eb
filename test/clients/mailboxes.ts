import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { type Gateway, PASSWORD } from './gateway.ts';
import { run, runWell } from './run.ts';

/** A message as a client sees it that has nothing to do with the one under test. */
export interface SeenMessage {
  readonly uid: number;
  /** Sorted, without `\Recent`. */
  readonly flags: readonly string[];
  readonly body: Buffer;
}

/** A Python program of this folder. */
export function pythonScript(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** How the Python programs are told where the server is. */
export function clientEnvironment(gateway: Gateway, user: string): Readonly<Record<string, string>> {
  return {
    IMAP_HOST: gateway.host,
    IMAP_PORT: String(gateway.imapPort),
    IMAPS_PORT: String(gateway.imapsPort),
    IMAP_CERTIFICATE: gateway.certificate,
    IMAP_USER: user,
    IMAP_PASSWORD: PASSWORD,
  };
}

/** All mailboxes of a user with all that is in them, read with Python's imaplib without changing anything. */
export async function mailboxesOf(
  gateway: Gateway,
  user: string,
): Promise<ReadonlyMap<string, readonly SeenMessage[]>> {
  const env = clientEnvironment(gateway, user);
  const json = await runWell('python3', [pythonScript('mailboxes.py')], { env });
  const found = JSON.parse(json.toString()) as Record<string, { uid: number; flags: string[]; body: string }[]>;
  return new Map(
    Object.entries(found).map(([name, messages]) => [
      name,
      messages.map(({ uid, flags, body }) => ({ uid, flags: flags.sort(), body: Buffer.from(body, 'base64') })),
    ]),
  );
}

/** What is in one mailbox; fails when there is no such mailbox. */
export async function mailboxOf(gateway: Gateway, user: string, name: string): Promise<readonly SeenMessage[]> {
  const mailboxes = await mailboxesOf(gateway, user);
  const found = mailboxes.get(name);
  if (found === undefined) throw new Error(`${user} has no mailbox ${name}, only ${[...mailboxes.keys()].join(', ')}`);
  return found;
}

/** Runs one of the Python programs as a client of the gateway; its assertions are ours. */
export async function runPython(
  gateway: Gateway,
  user: string,
  script: string,
  args: readonly string[] = [],
): Promise<Buffer> {
  return runWell('python3', [pythonScript(script), ...args], { env: clientEnvironment(gateway, user) });
}

const TRACE = /^Return-Path: [^\r\n]*\r\n(?:(?:Delivered-To|Received|X-Sieve): [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)*$/;

/** Expects the bytes that were sent, with nothing but trace headers in front. */
export function expectDelivered(found: Buffer | undefined, sent: Buffer): void {
  const all = found ?? Buffer.alloc(0);
  const at = Math.max(0, all.length - sent.length);
  // As text, so that a failure can be read; latin1 keeps every byte.
  expect(all.subarray(at).toString('latin1')).toBe(sent.toString('latin1'));
  expect(all.subarray(0, at).toString('latin1')).toMatch(TRACE);
}

/** Hands a message to the server over LMTP as a mail transfer agent does, and expects that all recipients are taken. */
export async function handIn(gateway: Gateway, to: readonly string[], message: Buffer, via: 'tcp' | 'unix' = 'tcp') {
  const { code, stdout, stderr } = await swaks(gateway, ['--to', to.join(',')], message, via);
  if (code !== 0) throw new Error(`swaks: exit code ${code}\n${stderr}\n${stdout}`);
}

/** Runs swaks against the LMTP server; answers what it said. */
export function swaks(gateway: Gateway, args: readonly string[], message: Buffer, via: 'tcp' | 'unix' = 'tcp') {
  const where =
    via === 'unix' ? ['--socket', gateway.lmtpSocket] : ['--server', gateway.host, '--port', String(gateway.lmtpPort)];
  const sender = args.includes('--from') ? [] : ['--from', 'sender@example.com'];
  return run('swaks', ['--protocol', 'LMTP', ...where, ...sender, '--data', '-', '--timeout', '30', ...args], {
    // swaks puts a CRLF of its own behind the message.
    input: message.subarray(0, message.length - 2),
  });
}
