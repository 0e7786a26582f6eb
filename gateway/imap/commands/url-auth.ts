import type { Account } from '../../../lib/store/account.ts';
import { StoreError } from '../../../lib/store/errors.ts';
import { mailboxKey, resetMailboxKeys } from '../../../lib/store/url-keys.ts';
import { ConnectionClosed } from '../../net/connection.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { BrokenLiteral } from '../errors.ts';
import { writeLiteral } from '../fetch/octet-writer.ts';
import { octetsOfUrl } from '../fetch/url-message.ts';
import { bad, no, ok, type Reply } from '../reply.ts';
import { authorizedMessage, MECHANISM, namesUs, urlToken } from '../url-auth.ts';
import { type ImapUrl, parseImapUrl } from '../wire/imap-url.ts';
import { findPartStructure } from '../wire/write/body-part.ts';
import { string } from '../wire/write/text.ts';

/** GENURLAUTH (RFC 4467 §7): signs URLs of the user's own; what can be none of them is a BAD command. */
export async function genUrlAuth(context: Context, { rumps }: CommandOf<'GENURLAUTH'>): Promise<Reply> {
  const { account } = context;
  const signed: string[] = [];
  for (const [text, mechanism] of rumps) {
    const url = parseImapUrl(text);
    if (url?.auth == null || url.auth.verifier !== null)
      return bad('A URL ends with ;URLAUTH= and an access identifier');
    if (mechanism !== MECHANISM) return no(`Mechanisms are: ${MECHANISM}`);
    if (!namesUs(context, url) || url.user !== account.user.name) return bad('The URL is not of your own mailboxes');
    const name = context.names.fromWire(url.mailbox);
    if (!(await exists(account, name))) return bad('The mailbox of the URL does not exist');
    signed.push(`${text}:${MECHANISM.toLowerCase()}:${urlToken(await mailboxKey(account, name), text)}`);
  }
  context.write(`* GENURLAUTH ${signed.map((url) => string(url, context.dialect)).join(' ')}\r\n`);
  return ok();
}

async function exists(account: Account, name: string): Promise<boolean> {
  try {
    await account.open(name);
    return true;
  } catch (error) {
    if (error instanceof StoreError && ['nonexistent', 'no-permission'].includes(error.code)) return false;
    throw error;
  }
}

/** RESETKEY (RFC 4467 §7): what was signed for a mailbox, or any of the user's, is good no more. */
export async function resetKey(context: Context, { mailbox, mechanisms }: CommandOf<'RESETKEY'>): Promise<Reply> {
  if (mechanisms.some((name) => name !== MECHANISM)) return no(`Mechanisms are: ${MECHANISM}`);
  await resetMailboxKeys(context.account, mailbox ?? undefined);
  return ok('The keys are forgotten', `URLMECH ${MECHANISM}`);
}

/** URLFETCH (RFC 4467 §7), with what RFC 5524 asks for: the octets of signed URLs, NIL for those that are not. */
export async function urlFetch(context: Context, { urls }: CommandOf<'URLFETCH'>): Promise<Reply> {
  if (urls.some(({ wants }) => wants?.includes('BODY') && wants.includes('BINARY'))) {
    return bad('Either BODY or BINARY can be asked for');
  }
  for (const { text, wants } of urls) {
    const url = parseImapUrl(text);
    const message = url && (await authorizedMessage(context, url));
    const name = string(text, context.dialect);
    const writes = url && message && (await piecesOf(url, message, wants));
    if (writes === undefined) context.write(`* URLFETCH ${name} NIL\r\n`);
    else {
      context.write(`* URLFETCH ${name}`);
      for (const piece of writes) await writePiece(context, piece, wants !== null);
      context.write('\r\n');
    }
    await context.breathe();
  }
  return ok();
}

type Message = NonNullable<Awaited<ReturnType<typeof authorizedMessage>>>;
type Octets = NonNullable<Awaited<ReturnType<typeof octetsOfUrl>>>;

interface Piece {
  readonly name: string;
  readonly value: string | Octets;
}

/** What is answered of a URL, ready to be written; undefined when it names nothing. */
async function piecesOf(
  url: ImapUrl,
  message: Message,
  wants: CommandOf<'URLFETCH'>['urls'][number]['wants'],
): Promise<readonly Piece[] | undefined> {
  const asked = new Set(wants ?? (['BODY'] as const));
  const part = message.summary?.structure;
  const whole = findPartStructure(part, url.section.part);
  const isBinary = asked.has('BINARY');
  // RFC 5524 §3.1: only whole parts can be decoded.
  if (isBinary && (whole === undefined || url.section.text.kind !== 'all')) return undefined;
  const octets = asked.has('BODY') || isBinary ? await octetsOfUrl(message, url, isBinary) : undefined;
  if (octets === undefined && asked.has('BODY')) return undefined;
  const pieces: Piece[] = [];
  for (const want of asked) {
    if (want === 'BODYPARTSTRUCTURE') {
      // RFC 5524 §3.2: of the data as it is sent.
      const sent = isBinary && octets?.lines !== undefined ? { ...octets, lines: octets.lines } : undefined;
      const structure = sent === undefined ? whole : findPartStructure(part, url.section.part, sent);
      if (structure === undefined) return undefined;
      pieces.push({ name: want, value: structure });
    } else pieces.push({ name: want, value: octets ?? 'NIL' });
  }
  return pieces;
}

async function writePiece(context: Context, { name, value }: Piece, named: boolean): Promise<void> {
  context.write(named ? ` (${name} ` : ' ');
  if (typeof value === 'string') context.write(value);
  else {
    try {
      await writeLiteral(context, value);
    } catch (error) {
      if (error instanceof ConnectionClosed || error instanceof BrokenLiteral) throw error;
      throw new BrokenLiteral('a URLFETCH response could not be completed', { cause: error });
    }
  }
  if (named) context.write(')');
}
