import { StoreError } from '../../../lib/store/errors.ts';
import type { Context } from '../context.ts';
import { refusalReply } from '../replies.ts';
import { recipientReports } from '../wire/dsn.ts';
import { BadArgument, parsePathArgument } from '../wire/path.ts';
import { isAscii } from './mail.ts';

/** RCPT: adds a recipient, when mail can be taken for them now (RFC 5321 §4.1.1.3). */
export async function rcpt(context: Context, argument: string): Promise<void> {
  const { options, envelope } = context;
  const { address, parameters } = parsePathArgument('TO:', argument, options.limits.pathBytes);
  if (address === '') throw new BadArgument('501 5.1.3 Bad recipient address syntax');
  const isKnown = (name: string): boolean => options.takesReports && (name === 'NOTIFY' || name === 'ORCPT');
  if (![...parameters.keys()].every(isKnown)) throw new BadArgument('555 5.5.4 Unsupported parameter');
  const reports = recipientReports(parameters);
  if (envelope === undefined) return context.reply('503 5.5.1 Need MAIL before RCPT');
  if (envelope.intake !== undefined) return context.reply('503 5.5.1 RCPT inside BDAT');
  if (!envelope.utf8 && !isAscii(address)) return context.reply('553 5.6.7 Address needs SMTPUTF8');
  if (envelope.recipients.length >= options.limits.recipients) return context.reply('452 4.5.3 Too many recipients');
  try {
    const recipient = await options.delivery.recipient(address, envelope.sizeBytes, {
      ignoreQuota: envelope.ignoreQuota,
      poster: context.user,
      reports,
    });
    if (recipient.ok) {
      envelope.recipients.push(recipient);
      return context.reply('250 2.1.5 ok');
    }
    context.log.info({ recipient: address, code: recipient.code }, 'recipient refused');
    context.reply(refusalReply(recipient, options.overQuotaIsPermanent));
  } catch (error) {
    const known = error instanceof StoreError && error.code === 'unavailable';
    const text = known ? error.message : context.internalError(error);
    context.reply(refusalReply({ ok: false, code: 'unavailable', text }, options.overQuotaIsPermanent));
  }
}
