import type { Context, Envelope } from '../context.ts';
import { Intake } from '../intake.ts';
import { refusalReply } from '../replies.ts';
import { BadArgument } from '../wire/path.ts';

/** DATA: the message, then one reply for each accepted recipient (RFC 5321 §4.1.1.4, RFC 2033 §4.2). */
export async function data(context: Context, argument: string): Promise<void> {
  if (argument !== '') throw new BadArgument('501 5.5.4 Syntax: DATA');
  const { envelope } = context;
  if (envelope === undefined) return context.reply('503 5.5.1 Need MAIL before DATA');
  if (envelope.intake !== undefined) return context.reply('503 5.5.1 DATA after BDAT');
  if (envelope.recipients.length === 0) return context.reply('503 5.5.1 No recipients');
  context.reply('354 go ahead');
  envelope.intake = Intake.begin(context, envelope);
  for await (const octets of context.input.data()) await envelope.intake.take(octets);
  await answer(context, envelope, envelope.intake);
}

/** Ends the transaction with one reply for each recipient, in order. */
export async function answer(context: Context, envelope: Envelope, intake: Intake): Promise<void> {
  const answers = await intake.finish();
  context.envelope = undefined;
  let refused = 0;
  for (const [index, answer] of answers.entries()) {
    if (answer.ok) {
      context.reply('250 2.1.5 Ok');
      continue;
    }
    refused++;
    const recipient = envelope.recipients[index]?.address;
    context.log.info({ recipient, code: answer.code }, 'recipient refused');
    context.reply(refusalReply(answer, context.options.overQuotaIsPermanent));
  }
  const { sender, recipients } = envelope;
  const fields = { sender, recipients: recipients.length, refused, size: intake.sizeBytes };
  context.log.info(fields, refused < recipients.length ? 'delivered' : 'refused');
}
