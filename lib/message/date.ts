/** A moment, and the offset from UTC the writer had. */
export interface MessageDate {
  readonly epochSeconds: number;
  readonly offsetMinutes: number;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** RFC 5322 §4.3; single letters and unknown names are to be read as -0000. */
const zoneHours: Readonly<Record<string, number>> = {
  edt: -4,
  est: -5,
  cdt: -5,
  cst: -6,
  mdt: -6,
  mst: -7,
  pdt: -7,
  pst: -8,
};

/** `[Thu,] 13 Feb 1969 23:32[:54] [-0330]`, with the separators seen in the wild (RFC 5322 §3.3, §4.3). */
const usual =
  /^(?:[a-z]+[,. ]*)?(\d{1,2})[\s-]*([a-z]{3})[a-z]*\.?[,\s-]*(\d{2,5})[,\s]+(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2})(?:[.,]\d+)?)?\s*(am\b|pm\b)?\s*(.*)$/i;

/** The form of asctime(): `Thu Feb 13 23:32:54 [zone] 1969`. */
const asctime =
  /^(?:[a-z]+[,. ]+)?([a-z]{3})[a-z]*\.?\s+(\d{1,2}),?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s+(?:([a-z+\-\d]+)\s+)?(\d{4})\s*(.*)$/i;

const iso = /^(\d{4})-(\d{2})-(\d{2})[t\s]+(\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(.*)$/i;

/** Reads the value of a Date field, or of anything like it; undefined when there is no date to be found. */
export function parseDate(text: string): MessageDate | undefined {
  const plain = withoutComments(text.slice(0, 256)).replace(/\s+/g, ' ').replace(/ ?: ?/g, ':').trim();
  return readUsual(plain) ?? readAsctime(plain) ?? readIso(plain);
}

function readUsual(text: string): MessageDate | undefined {
  const match = usual.exec(text);
  if (match === null) return undefined;
  const [, day, month, year, hour, minute, second, half, zone] = match;
  return build(fullYear(year), monthIndex(month), day, halfDay(hour, half), minute, second, zone);
}

function readAsctime(text: string): MessageDate | undefined {
  const match = asctime.exec(text);
  if (match === null) return undefined;
  const [, month, day, hour, minute, second, zone, year, zoneAfter] = match;
  return build(Number(year), monthIndex(month), day, hour, minute, second, zone ?? zoneAfter);
}

function readIso(text: string): MessageDate | undefined {
  const match = iso.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, zone] = match;
  return build(Number(year), Number(month) - 1, day, hour, minute, second, zone);
}

type Digits = string | undefined;

function build(
  year: number,
  month: number,
  dayText: Digits,
  hourText: Digits,
  minuteText: Digits,
  secondText: Digits,
  zone: string | undefined,
): MessageDate | undefined {
  const [day, hour, minute] = [Number(dayText), Number(hourText), Number(minuteText)];
  // 60 is a leap second (RFC 5322 §3.3); it is the first of the next minute to us.
  const second = Number(secondText ?? 0);
  if (month < 0 || month > 11 || day < 1 || hour > 24 || minute > 59 || second > 60) return undefined;
  // Date.UTC takes the years 0..99 for 1900..1999.
  if (year < 100 || year > 9999 || day > new Date(Date.UTC(year, month + 1, 0)).getUTCDate()) return undefined;
  const offsetMinutes = zoneOffset(zone ?? '');
  return { epochSeconds: Date.UTC(year, month, day, hour, minute - offsetMinutes, second) / 1000, offsetMinutes };
}

/** RFC 5322 §4.3: two digits are 2000 to 2049 and 1950 to 1999, three count from 1900. */
function fullYear(digits: Digits): number {
  const year = Number(digits);
  if (digits?.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return digits?.length === 3 ? 1900 + year : year;
}

function halfDay(hour: Digits, half: string | undefined): string | undefined {
  if (half === undefined || Number(hour) > 12) return hour;
  return String((Number(hour) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0));
}

function monthIndex(name: string | undefined): number {
  return months.indexOf((name ?? '').toLowerCase());
}

function zoneOffset(zone: string): number {
  const numeric = /^(?:gmt|utc?)?\s*([+-])(\d{1,2}):?(\d{2})(?!\d)/i.exec(zone);
  if (numeric !== null) {
    const minutes = Number(numeric[2]) * 60 + Number(numeric[3]);
    if (minutes >= 24 * 60) return 0;
    return numeric[1] === '-' ? 0 - minutes : minutes;
  }
  const name = /^[a-z]+/i.exec(zone)?.[0].toLowerCase() ?? '';
  return (Object.hasOwn(zoneHours, name) ? (zoneHours[name] ?? 0) : 0) * 60;
}

function withoutComments(text: string): string {
  let out = '';
  let depth = 0;
  for (const char of text) {
    if (char === '(') depth++;
    else if (char === ')') depth = Math.max(0, depth - 1);
    else if (depth === 0) out += char;
  }
  return out;
}
