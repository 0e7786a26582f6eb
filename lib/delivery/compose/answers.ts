import { crlf, field, formatDate, textField, textPart } from '../../message/compose.ts';
import { decodeWords } from '../../message/encoded-word.ts';
import { firstValue, pickFields } from '../../message/header.ts';
import { messageIds } from '../../message/summary.ts';
import type { NotifyAction, VacationAction } from '../../sieve/actions.ts';

/** What every message of ours says of itself. */
export interface Composing {
  /** Header of the message that it is about. */
  readonly header: Uint8Array;
  readonly to: string;
  /** Our user's address, and the one that the message came for. */
  readonly from: string;
  readonly recipient: string;
  /** The same for every try: it becomes the Message-ID. */
  readonly id: string;
  readonly servername: string;
  readonly timeMs: number;
  readonly offsetMinutes: number;
}

/** Message ids of a References field; of a longer chain the first and the last (RFC 5322 §3.6.4). */
const REFERENCES = 20;

/** An answer to the sender (RFC 5230 §5, RFC 3834 §3). */
export function composeVacation(action: VacationAction, composing: Composing): Buffer {
  const subject = decodeWords(firstValue(composing.header, 'subject') ?? '');
  const { header } = composing;
  const head = [
    field('From', action.from === undefined ? composing.from : oneLine(action.from)),
    field('To', composing.to),
    textField('Subject', action.subject ?? (subject === '' ? 'Automated reply' : `Auto: ${subject}`)),
    ...common(composing),
    ...threading(header),
    'Auto-Submitted: auto-replied (vacation)\r\n',
    'MIME-Version: 1.0\r\n',
  ].join('');
  return Buffer.from(head + (action.mime ? mimeEntity(action.reason) : textPart(action.reason)), 'utf8');
}

/** A notification by mail (RFC 5436 §2.3 to §2.7), or the one of Cyrus' older `notify`. */
export function composeNotify(
  { message, importance, from }: NotifyAction,
  { subject, body }: { readonly subject?: string | undefined; readonly body?: string | undefined },
  composing: Composing,
): Buffer {
  const original = decodeWords(firstValue(composing.header, 'subject') ?? '');
  const text = body ?? message ?? `There is new mail.\n\nSubject: ${original}\n`;
  const head = [
    field('From', from === undefined ? composing.from : oneLine(from)),
    field('To', composing.to),
    textField('Subject', subject ?? original),
    ...common(composing),
    field('Auto-Submitted', `auto-notified; owner-email="${composing.from.replace(/["\\]/g, '')}"`),
    ...(importance === 2 ? [] : [`Importance: ${importance === 1 ? 'High' : 'Low'}\r\n`]),
    'MIME-Version: 1.0\r\n',
  ].join('');
  return Buffer.from(head + textPart(text), 'utf8');
}

/** What every message of ours has. */
export function common({ id, servername, timeMs, offsetMinutes }: Composing): string[] {
  return [`Date: ${formatDate(timeMs, offsetMinutes)}\r\n`, `Message-ID: <${id}@${servername}>\r\n`];
}

/** RFC 5230 §5.8, RFC 3834 §3.1.7: in the thread of what it answers. */
export function threading(header: Uint8Array): string[] {
  const [id] = messageIds(firstValue(header, 'message-id') ?? '');
  if (id === undefined) return [];
  const before = messageIds(firstValue(header, 'references') ?? firstValue(header, 'in-reply-to') ?? '');
  const kept = before.length > REFERENCES ? [...before.slice(0, 1), ...before.slice(1 - REFERENCES)] : before;
  return [field('In-Reply-To', id), field('References', [...kept, id].join(' '))];
}

/** RFC 5230 §4.1: the reason is an entity; of its header only what describes the content is taken. */
function mimeEntity(reason: string): string {
  const text = crlf(reason);
  const blank = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n') + 2;
  if (blank === 1) return textPart(reason);
  const fields = Buffer.from(text.slice(0, blank), 'utf8');
  const names = ['content-type', 'content-transfer-encoding', 'content-disposition', 'content-language', 'content-id'];
  return `${pickFields(fields, names, 'only').toString('utf8')}${text.slice(blank)}\r\n`;
}

function oneLine(value: string): string {
  return value.replace(/[\r\n\0]+/g, ' ').trim();
}
