import type { Context } from '../context.ts';
import { Intake } from '../intake.ts';
import { refusalReply } from '../replies.ts';
import { answer } from './data.ts';

/**
 * BDAT: a chunk of the message by its size; the last one is answered like DATA (RFC 3030 §2).
 *
 * ```abnf
 * bdat-cmd  = "BDAT" SP chunk-size [ SP end-marker ] CRLF
 * ```
 */
export async function bdat(context: Context, argument: string): Promise<void> {
  const [, digits, last] = /^(\d{1,15})( +LAST)?$/i.exec(argument) ?? [];
  // Without a size there is no telling octets from commands.
  if (digits === undefined) return context.finish('501 5.5.4 Syntax: BDAT size [LAST]');
  const size = Number(digits);
  const { envelope, input } = context;
  if (envelope === undefined || envelope.recipients.length === 0) {
    // The octets come whatever we say.
    for await (const _ of input.octets(size));
    return context.reply(envelope === undefined ? '503 5.5.1 Need MAIL before BDAT' : '503 5.5.1 No recipients');
  }
  const intake = (envelope.intake ??= Intake.begin(context, envelope));
  for await (const octets of input.octets(size)) await intake.take(octets);
  if (last !== undefined) await answer(context, envelope, intake);
  else if (intake.tooBig) context.reply(refusalReply(intake.tooBigRefusal(), false));
  else context.reply(`250 2.0.0 ${size} octets received`);
}
