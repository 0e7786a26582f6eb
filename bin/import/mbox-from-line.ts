const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DATE =
  /^From .*?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +(\d{1,2}) (\d\d):(\d\d)(?::(\d\d))?(?: [A-Z]{1,5})? (\d{4})(?: ([+-])(\d\d)(\d\d))?(?: .*)?$/;

/**
 * The date of a line `From anna@example.com Fri Nov 20 13:10:00 2026`, seconds since 1970; undefined when the line is not
 * such a line. Without an offset it is UTC (RFC 4155, appendix A).
 */
export function parseFromLine(line: string): number | undefined {
  const found = DATE.exec(line);
  if (found === null) return undefined;
  const [, month = '', day, hour, minute, second = '0', year, sign, hours = '0', minutes = '0'] = found;
  const utc = Date.UTC(Number(year), MONTHS.indexOf(month), Number(day), Number(hour), Number(minute), Number(second));
  const ahead = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60;
  return Math.max(0, utc / 1000 - ahead);
}
