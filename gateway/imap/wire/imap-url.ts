import { BadSyntax } from './bad-syntax.ts';
import type { Section } from './fetch-item.ts';
import { section } from './read/fetch.ts';
import { Reader } from './read/reader.ts';

/** An IMAP URL of a message or a part of one (RFC 5092 §3). */
export interface ImapUrl {
  /** The server named, without user and port; null in a relative URL. */
  readonly host: string | null;
  readonly user: string | null;
  readonly mailbox: string;
  readonly uidValidity: number | null;
  readonly uid: number;
  readonly section: Section;
  /** RFC 5550 §3.1: without a count, to the end. */
  readonly partial: { readonly offset: number; readonly count: number } | null;
  readonly auth: UrlAuth | null;
}

/** What RFC 4467 §3 adds to a URL. */
export interface UrlAuth {
  /** Milliseconds since 1970. */
  readonly expiresMs: number | null;
  /** `submit+fred`, `user+fred`, `authuser`, `anonymous`; the user decoded. */
  readonly access:
    | { readonly kind: 'submit' | 'user'; readonly user: string }
    | { readonly kind: 'authuser' | 'anonymous' };
  /** The URL as it is signed: everything up to the verifier. */
  readonly rump: string;
  /** Absent in the rump that a client asks to be signed. */
  readonly verifier: { readonly mechanism: string; readonly token: string } | null;
}

const MAX_URL = 8 * 1024;

/**
 *     imapurl       = "imap://" [iuserinfo "@"] host [":" port] "/" imessagepart [iurlauth]      ; RFC 5092 §11
 *     imessagepart  = enc-mailbox [";UIDVALIDITY=" nz-number] "/;UID=" nz-number
 *                     ["/;SECTION=" enc-section] ["/;PARTIAL=" number ["." nz-number]]
 *     iurlauth      = [";EXPIRE=" date-time] ";URLAUTH=" access [":" mechanism ":" token]        ; RFC 4467 §9
 *
 * Also without the server, beginning at the `/`. Undefined when the text is none of a message.
 */
export function parseImapUrl(text: string): ImapUrl | undefined {
  if (text.length > MAX_URL) return undefined;
  const [, server, path = ''] = /^(?:imap:\/\/([^/]*))?(\/.*)$/is.exec(text) ?? [];
  const found =
    /^\/([^;?]*?)(?:;UIDVALIDITY=(\d{1,10}))?\/;UID=(\d{1,10})(?:\/;SECTION=([^;]+))?(?:\/;PARTIAL=(\d{1,15})(?:\.(\d{1,15}))?)?(;(?:EXPIRE|URLAUTH)=.*)?$/is.exec(
      path,
    );
  if (found === null) return undefined;
  const [, mailbox, validity, uid, sectionText, offset, count, authText] = found;
  const name = decoded(mailbox);
  const authority = server === undefined ? { host: null, user: null } : parseServer(server);
  const auth = authText === undefined ? null : parseAuth(authText, text);
  const part = sectionText === undefined ? WHOLE : parseSection(sectionText);
  if (!name || authority === undefined || auth === undefined || part === undefined) return undefined;
  if (Number(uid) === 0 || count === '0') return undefined;
  return {
    ...authority,
    mailbox: name,
    uidValidity: validity === undefined ? null : Number(validity),
    uid: Number(uid),
    section: part,
    partial: offset === undefined ? null : { offset: Number(offset), count: Number(count ?? Number.MAX_SAFE_INTEGER) },
    auth,
  };
}

const WHOLE: Section = { part: [], text: { kind: 'all' } };

/** `iserver = [iuserinfo "@"] host [ ":" port ]` with `iuserinfo = enc-user [";AUTH=" ...]` */
function parseServer(server: string): { readonly host: string; readonly user: string | null } | undefined {
  const [, info, host = ''] = /^(?:([^@]*)@)?(\[[0-9a-f:.]+\]|[^:@]+)(?::\d{1,5})?$/i.exec(server) ?? [];
  const user = info === undefined ? null : decoded(info.replace(/;AUTH=.*$/i, ''));
  return host === '' || user === undefined ? undefined : { host, user: user || null };
}

function parseAuth(text: string, whole: string): UrlAuth | undefined {
  const [, expire, access = '', mechanism, token] =
    /^(?:;EXPIRE=([^;]+))?;URLAUTH=([^:;]+)(?::([A-Za-z0-9.-]+):([0-9A-Fa-f]+))?$/i.exec(text) ?? [];
  const expiresMs = expire === undefined ? null : dateTime(expire);
  const who = parseAccess(access);
  if (who === undefined || Number.isNaN(expiresMs)) return undefined;
  if (mechanism === undefined || token === undefined) return { expiresMs, access: who, rump: whole, verifier: null };
  const rump = whole.slice(0, whole.length - mechanism.length - token.length - 2);
  return { expiresMs, access: who, rump, verifier: { mechanism: mechanism.toUpperCase(), token } };
}

function parseAccess(text: string): UrlAuth['access'] | undefined {
  const [, kind = '', user] = /^(submit|user)\+(.+)$/i.exec(text) ?? [];
  const name = decoded(user ?? '');
  if (kind !== '' && name) return { kind: kind.toLowerCase() as 'submit' | 'user', user: name };
  const plain = text.toLowerCase();
  return plain === 'authuser' || plain === 'anonymous' ? { kind: plain } : undefined;
}

/** `date-time` of RFC 3339; NaN when it is none. */
function dateTime(text: string): number {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(text) ? Date.parse(text) : Number.NaN;
}

function parseSection(encoded: string): Section | undefined {
  const text = decoded(encoded);
  if (text === undefined) return undefined;
  try {
    const bytes = Buffer.from(`[${text}]`, 'utf8');
    const reader = new Reader({ fragments: [{ kind: 'line', bytes }], afterMessage: false }, { utf8: true });
    const found = section(reader);
    reader.end();
    return found;
  } catch (error) {
    if (error instanceof BadSyntax) return undefined;
    throw error;
  }
}

/** Without its percent-encoding; undefined when that is broken, or is no UTF-8. */
function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
