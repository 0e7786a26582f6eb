import type { CommandOf } from '../command-of.ts';
import type { Context, Extension } from '../context.ts';
import { modSeqOf } from '../mod-seq.ts';
import { ok, type Reply } from '../reply.ts';
import { condition, enabled } from '../wire/write/response.ts';
import { numberCode } from '../wire/write/response-code.ts';

/** Names as they are announced, by what is asked for. QRESYNC includes CONDSTORE (RFC 7162 §3.2.3). */
const extensions: ReadonlyMap<string, readonly [announced: string, turnsOn: readonly Extension[]]> = new Map([
  ['CONDSTORE', ['CONDSTORE', ['CONDSTORE']]],
  ['QRESYNC', ['QRESYNC', ['QRESYNC', 'CONDSTORE']]],
  ['UIDONLY', ['UIDONLY', ['UIDONLY']]],
  ['UTF8=ACCEPT', ['UTF8=ACCEPT', ['UTF8=ACCEPT']]],
  ['IMAP4REV2', ['IMAP4rev2', ['IMAP4REV2']]],
]);

/** ENABLE (RFC 9051 §6.3.1): unknown names are passed over, known ones stay on. */
export async function enable(context: Context, { capabilities }: CommandOf<'ENABLE'>): Promise<Reply> {
  const hadModSeqs = context.style.condstore;
  const turnedOn: string[] = [];
  for (const name of new Set(capabilities)) {
    const [announced, turnsOn] = extensions.get(name) ?? ['', []];
    if (turnsOn.every((extension) => context.enabled.has(extension))) continue;
    for (const extension of turnsOn) context.enabled.add(extension);
    turnedOn.push(announced);
  }
  context.write(enabled(turnedOn));
  if (!hadModSeqs) tellModSeq(context);
  return ok();
}

/** Turns CONDSTORE on for a command that implies it (RFC 7162 §3.1). */
export function enableCondstore(context: Context): void {
  if (context.style.condstore) return;
  context.enabled.add('CONDSTORE');
  tellModSeq(context);
}

/** RFC 7162 §3.1: who turns it on with a mailbox selected is told where the mailbox is. */
function tellModSeq(context: Context): void {
  if (!context.style.condstore || !context.hasSelected) return;
  const code = numberCode('HIGHESTMODSEQ', modSeqOf(context.selected.view.seq));
  context.write(condition(null, 'OK', code, 'Highest'));
}
