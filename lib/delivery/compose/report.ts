import { field, textPart } from '../../message/compose.ts';
import { firstValue, pickFields } from '../../message/header.ts';
import type { RejectAction } from '../../sieve/actions.ts';
import type { MessageReports, RecipientReports } from '../ports.ts';
import { type Composing, common, threading } from './answers.ts';

/** What a report says beside its text: its media type, and the fields for machines. */
interface Fields {
  readonly type: 'disposition-notification' | 'delivery-status';
  readonly text: string;
}

/**
 * A refusal where there is no dialogue to refuse in: of `reject` by the user (RFC 5429 §2.2.1, RFC 8098 §3), of `ereject` by the
 * mail system (RFC 5429 §2.1.2, RFC 3464 §2).
 */
export function composeReject({ reason, early }: RejectAction, composing: Composing): Buffer {
  const text =
    'Your message was automatically rejected by Sieve, a mail\nfiltering language.\n\n' +
    `The following reason was given:\n${reason}\n`;
  return composed(composing, {
    from: early ? mailer(composing) : composing.from,
    subject: 'Automatically rejected mail',
    submitted: 'auto-replied (rejected)',
    text,
    fields: early ? deliveryStatus('failed', '5.7.1', {}, composing) : dispositionNotification(composing),
  });
}

/** That a message has arrived, or was sent on to where perhaps nobody reports (RFC 3461 §6, RFC 3464 §2). */
export function composeReport(
  action: 'delivered' | 'relayed',
  reports: MessageReports & RecipientReports,
  composing: Composing,
): Buffer {
  const what = action === 'delivered' ? 'has been delivered to' : 'has been sent on for';
  return composed(composing, {
    from: mailer(composing),
    subject: 'Mail delivery report',
    submitted: 'auto-replied',
    text: `Your message ${what} ${composing.recipient}.\n`,
    fields: deliveryStatus(action, '2.0.0', reports, composing),
  });
}

function composed(
  composing: Composing,
  report: {
    readonly from: string;
    readonly subject: string;
    readonly submitted: string;
    readonly text: string;
    readonly fields: Fields;
  },
): Buffer {
  const { type, text } = report.fields;
  const boundary = `=_${composing.id}`;
  const head = [
    field('From', report.from),
    field('To', composing.to),
    `Subject: ${report.subject}\r\n`,
    ...common(composing),
    ...threading(composing.header),
    `Auto-Submitted: ${report.submitted}\r\n`,
    'MIME-Version: 1.0\r\n',
    `Content-Type: multipart/report; report-type=${type};\r\n boundary="${boundary}"\r\n\r\n`,
    `--${boundary}\r\n${textPart(report.text)}`,
    `--${boundary}\r\nContent-Type: message/${type}\r\n\r\n${text}\r\n`,
    `--${boundary}\r\nContent-Type: text/rfc822-headers\r\n\r\n`,
  ].join('');
  const end = Buffer.from(`\r\n--${boundary}--\r\n`);
  return Buffer.concat([Buffer.from(head, 'utf8'), headerOf(composing.header), end]);
}

function mailer({ from }: Composing): string {
  return `Mail delivery <MAILER-DAEMON@${from.slice(from.lastIndexOf('@') + 1)}>`;
}

function dispositionNotification({ header, from, servername }: Composing): Fields {
  const original = firstValue(header, 'message-id');
  const text =
    `Reporting-UA: ${servername}; Cirrus\r\nFinal-Recipient: rfc822;${from}\r\n` +
    (original === undefined ? '' : `Original-Message-ID: ${original}\r\n`) +
    'Disposition: automatic-action/MDN-sent-automatically; deleted\r\n';
  return { type: 'disposition-notification', text };
}

/** RFC 3464 §2.2, §2.3, RFC 3461 §6.3 */
function deliveryStatus(
  action: 'failed' | 'delivered' | 'relayed',
  status: string,
  { envid, orcpt }: MessageReports & RecipientReports,
  { recipient, servername }: Composing,
): Fields {
  const text =
    (envid === undefined ? '' : `Original-Envelope-Id: ${ascii(envid)}\r\n`) +
    `Reporting-MTA: dns;${servername}\r\n\r\n` +
    (orcpt === undefined ? '' : `Original-Recipient: ${ascii(orcpt)}\r\n`) +
    `Final-Recipient: rfc822;${recipient}\r\nAction: ${action}\r\nStatus: ${status}\r\n`;
  return { type: 'delivery-status', text };
}

/** The header of the message, as far as it may be sent back. */
function headerOf(header: Uint8Array): Buffer {
  return pickFields(header, ['return-path', 'delivered-to', 'bcc'], 'except').subarray(0, 32 * 1024);
}

/** Other characters as RFC 6533 §3 writes them: `\x{FC}`. */
function ascii(text: string): string {
  return text.replace(/[^ -~]/gu, (char) => `\\x{${char.codePointAt(0)?.toString(16).toUpperCase()}}`);
}
