import type { Context } from '../context.ts';
import { auth } from './auth.ts';
import { capa } from './capa.ts';
import { dele } from './dele.ts';
import { lang } from './lang.ts';
import { list } from './list.ts';
import { noop } from './noop.ts';
import { pass } from './pass.ts';
import { quit } from './quit.ts';
import { retr } from './retr.ts';
import { rset } from './rset.ts';
import { stat } from './stat.ts';
import { stls } from './stls.ts';
import { top } from './top.ts';
import { uidl } from './uidl.ts';
import { user } from './user.ts';
import { utf8 } from './utf8.ts';

/** One verb. */
export interface Row {
  /** The AUTHORIZATION state, the TRANSACTION state, or both (RFC 1939 §3). */
  readonly state: 'before-login' | 'logged-in' | 'any';
  /** `rest`: the line behind the verb. Throws `BadArgument`, `Refused` or `StoreError` to answer `-ERR`. */
  run(context: Context, rest: string): void | Promise<void>;
}

/** Every verb: RFC 1939, CAPA (RFC 2449), AUTH (RFC 5034), STLS (RFC 2595), UTF8 and LANG (RFC 6856). */
export const commands: ReadonlyMap<string, Row> = new Map<string, Row>([
  ['USER', { state: 'before-login', run: user }],
  ['PASS', { state: 'before-login', run: pass }],
  ['AUTH', { state: 'before-login', run: auth }],
  ['STLS', { state: 'before-login', run: stls }],
  ['UTF8', { state: 'before-login', run: utf8 }],
  ['CAPA', { state: 'any', run: capa }],
  ['LANG', { state: 'any', run: lang }],
  ['QUIT', { state: 'any', run: quit }],
  ['STAT', { state: 'logged-in', run: stat }],
  ['LIST', { state: 'logged-in', run: list }],
  ['UIDL', { state: 'logged-in', run: uidl }],
  ['RETR', { state: 'logged-in', run: retr }],
  ['TOP', { state: 'logged-in', run: top }],
  ['DELE', { state: 'logged-in', run: dele }],
  ['RSET', { state: 'logged-in', run: rset }],
  ['NOOP', { state: 'logged-in', run: noop }],
]);
