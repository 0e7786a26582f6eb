import type { CalendarDate } from '../search-key.ts';
import type { Reader } from './reader.ts';

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 *     date      = date-text / DQUOTE date-text DQUOTE     ; RFC 9051 §9
 *     date-text = date-day "-" date-month "-" date-year
 *     date-day  = 1*2DIGIT
 */
export function date(reader: Reader): CalendarDate {
  const quoted = reader.skip('"');
  const text = reader.match(/\d{1,2}-[a-z]{3}-\d{4}/iy);
  const value = text === null ? null : calendarDate(text);
  if (value === null) return reader.fail('a date such as 1-Feb-1994');
  if (quoted) reader.expect('"');
  return value;
}

/**
 *     date-time      = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE     ; RFC 9051 §9
 *     date-day-fixed = (SP DIGIT) / 2DIGIT
 *     time           = 2DIGIT ":" 2DIGIT ":" 2DIGIT
 *     zone           = ("+" / "-") 4DIGIT
 *
 * Gives milliseconds since 1970. Quirk (clients that print the day with %d): a single digit without the space is read.
 */
export function dateTime(reader: Reader): number {
  const text = reader.match(/"(?: ?\d|\d\d)-[a-z]{3}-\d{4} \d\d:\d\d:\d\d [+-]\d{4}"/iy);
  const match = text && /^" ?(\S+) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"$/.exec(text);
  const day = match ? calendarDate(match[1] ?? '') : null;
  if (!match || day === null) return reader.fail('a date and time such as " 7-Feb-1994 21:52:25 -0800"');
  const [hour = 0, minute = 0, second = 0] = match.slice(2, 5).map(Number);
  const [zoneHour = 0, zoneMinute = 0] = match.slice(6, 8).map(Number);
  // A leap second is let in, as the start of the next minute.
  if (hour > 23 || minute > 59 || second > 60 || zoneMinute > 59) return reader.invalid('time');
  const zone = (match[5] === '-' ? -1 : 1) * (zoneHour * 60 + zoneMinute);
  return startOfDayMs(day) + ((hour * 60 + minute - zone) * 60 + second) * 1000;
}

function calendarDate(text: string): CalendarDate | null {
  const [day = 0, monthName = '', year = 0] = text
    .split('-')
    .map((part, i) => (i === 1 ? part.toLowerCase() : Number(part)));
  const month = months.indexOf(String(monthName)) + 1;
  const value = { year: Number(year), month, day: Number(day) };
  const exists = month > 0 && new Date(startOfDayMs(value)).getUTCDate() === value.day && value.day > 0;
  return exists ? value : null;
}

/** `Date.UTC` takes the years 0 to 99 for 1900 to 1999. */
function startOfDayMs(day: CalendarDate): number {
  return new Date(0).setUTCFullYear(day.year, day.month - 1, day.day);
}
