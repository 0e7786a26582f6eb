import type { MessageReports, RecipientReports, ReportCase } from '../../../lib/delivery/ports.ts';
import { BadArgument } from './path.ts';

type Parameters = ReadonlyMap<string, string | undefined>;

/** Characters of an envelope identifier and of an original recipient as they are sent (RFC 3461 §4.4, §4.2). */
const ENVID_CHARACTERS = 100;
const ORCPT_CHARACTERS = 500;

const CASES: readonly ReportCase[] = ['SUCCESS', 'FAILURE', 'DELAY'];

/**
 * What MAIL says of reports. Throws {@link BadArgument}.
 *
 * ```abnf
 * ret-value = "FULL" / "HDRS"                                  ; RFC 3461 §4.3
 * envid-parameter = "ENVID=" xtext                             ; §4.4
 * ```
 */
export function messageReports(parameters: Parameters): MessageReports {
  const ret = parameters.has('RET') ? oneOf(parameters.get('RET'), ['FULL', 'HDRS'], 'RET=FULL|HDRS') : undefined;
  const envid = parameters.has('ENVID') ? xtext(parameters.get('ENVID'), ENVID_CHARACTERS, 'ENVID=id') : undefined;
  return { ...(ret !== undefined && { ret }), ...(envid !== undefined && { envid }) };
}

/**
 * What RCPT says of reports. Throws {@link BadArgument}.
 *
 * ```abnf
 * notify-esmtp-value = "NEVER" / 1#notify-list-element         ; RFC 3461 §4.1
 * notify-list-element = "SUCCESS" / "FAILURE" / "DELAY"
 * original-recipient-address = addr-type ";" xtext             ; §4.2
 * ```
 */
export function recipientReports(parameters: Parameters): RecipientReports {
  const notify = parameters.has('NOTIFY') ? notifyCases(parameters.get('NOTIFY')) : undefined;
  const orcpt = parameters.has('ORCPT') ? originalRecipient(parameters.get('ORCPT')) : undefined;
  return { ...(notify !== undefined && { notify }), ...(orcpt !== undefined && { orcpt }) };
}

function notifyCases(value = ''): RecipientReports['notify'] {
  if (value.toUpperCase() === 'NEVER') return ['NEVER'];
  const syntax = 'NOTIFY=NEVER|SUCCESS,FAILURE,DELAY';
  return [...new Set(value.split(',').map((one) => oneOf(one, CASES, syntax)))];
}

function originalRecipient(value = ''): string {
  const syntax = 'ORCPT=type;address';
  const [, type = '', address] = /^([A-Za-z0-9-]{1,64});(.+)$/s.exec(value) ?? [];
  if (type === '') throw new BadArgument(`501 5.5.4 Syntax: ${syntax}`);
  return `${type.toLowerCase()};${xtext(address, ORCPT_CHARACTERS - type.length - 1, syntax)}`;
}

function oneOf<T extends string>(value: string | undefined, known: readonly T[], syntax: string): T {
  const found = known.find((one) => one === value?.toUpperCase());
  if (found === undefined) throw new BadArgument(`501 5.5.4 Syntax: ${syntax}`);
  return found;
}

/**
 * RFC 3461 §4: `xtext = *( xchar / hexchar )`, and UTF-8 as it is (RFC 6533 §3). Control characters that are coded would be
 * lines of a report.
 */
function xtext(value: string | undefined, characters: number, syntax: string): string {
  const given = value ?? '';
  const isXtext = given.length <= characters && /^(?:[!-*,-<>-~\u00a0-\u{10ffff}]|\+[0-9A-F]{2})+$/u.test(given);
  const bytes = Buffer.from(given).toString('latin1');
  const decoded = bytes.replace(/\+([0-9A-F]{2})/g, (_, pair: string) =>
    String.fromCharCode(Number.parseInt(pair, 16)),
  );
  const text = Buffer.from(decoded, 'latin1').toString('utf8');
  if (!isXtext || /[\p{Cc}\ufffd]/u.test(text)) throw new BadArgument(`501 5.5.4 Syntax: ${syntax}`);
  return text;
}
