import { describe, expect, it } from 'vitest';
import { actions, holds, problems } from './script.ts';

const mail = `Received: from a by b; Sat, 24 Feb 2007 23:30:00 -0500
Received: from c by a (x; y); Mon, 26 Feb 2007 08:00:00 -0600
Date: Fri, 23 Feb 2007 09:15:30 +0530
From: boss@example.com
To: one@example.com
To: two@example.com, three@example.com
X-Bad: Fri, 30 Feb 2007 00:00:00 +0000
X-Leap: 29 Feb 2004 00:00:00 GMT

`;
const requires = ['date', 'relational', 'comparator-i;ascii-numeric', 'index'];

/** What a part of a date is. */
function part(test: string, environment = {}): string {
  const script = `require ["date", "index", "variables", "fileinto"]; if ${test} "*" { fileinto "x\${0}"; }`;
  return (actions(script, mail, { environment })[0] ?? '').replace('fileinto x', '');
}

describe('RFC 5260, date', () => {
  it('§4.2 every part', () => {
    const of = (name: string) => part(`date :originalzone :matches "date" "${name}"`);
    expect(
      ['year', 'MONTH', 'day', 'date', 'julian', 'hour', 'minute', 'second', 'time', 'zone', 'weekday'].map(of),
    ).toEqual(['2007', '02', '23', '2007-02-23', '54154', '09', '15', '30', '09:15:30', '+0530', '5']);
    expect(of('iso8601')).toBe('2007-02-23T09:15:30+05:30');
    expect(of('std11')).toBe('Fri, 23 Feb 2007 09:15:30 +0530');
    expect(problems('require "date"; if date "date" "century" "x" {}')).toEqual([
      '1:32 A date has no part "century"; it has year, month, day, date, julian, hour, minute, second, time, iso8601, std11, zone, weekday.',
    ]);
  });

  it('§4.1 zones', () => {
    // The zone of the tests is +0100.
    expect(part('date :matches "date" "time"')).toBe('04:45:30');
    expect(part('date :matches "date" "zone"')).toBe('+0100');
    expect(part('date :matches "date" "zone"', { zoneMinutes: 0 })).toBe('+0000');
    expect(part('date :zone "-0500" :matches "date" "iso8601"')).toBe('2007-02-22T22:45:30-05:00');
    expect(part('date :zone "+0000" :matches "date" "iso8601"')).toBe('2007-02-23T03:45:30Z');
    expect(part('date :zone "-0330" :matches "date" "zone"')).toBe('-0330');
    expect(part('date :zone "+0000" :matches "x-leap" "date"')).toBe('2004-02-29');
    for (const zone of ['EST', '0100', '+2500', '+0170', '+1']) {
      expect(problems(`require "date"; if date :zone "${zone}" "date" "year" "x" {}`)).toEqual([
        `1:31 "${zone}" is no time zone; write "+0100" or "-0500".`,
      ]);
    }
    expect(problems('require "date"; if date :zone "+0000" :originalzone "date" "year" "x" {}')).toEqual([
      '1:39 ":zone" and ":originalzone" cannot be given together.',
    ]);
    expect(problems('require "date"; if currentdate :originalzone "year" "x" {}')[0]).toMatch(/does not take/);
  });

  it('§4 no field, no date, no day: false; and counted', () => {
    for (const field of ['x-none', 'from', 'x-bad']) {
      expect(holds(`date :contains "${field}" "year" ""`, mail, requires)).toBe(false);
      expect(holds(`date :count "eq" "${field}" "year" "0"`, mail, requires)).toBe(true);
    }
    expect(holds('date :count "eq" "received" "year" "1"', mail, requires)).toBe(true);
  });

  it('§4.4 the examples', () => {
    const hours = `require ["date", "relational", "fileinto"];
      if allof(header :is "from" "boss@example.com", date :value "ge" :originalzone "date" "hour" "09",
               date :value "lt" :originalzone "date" "hour" "17") { fileinto "urgent"; }`;
    expect(actions(hours, mail)).toEqual(['fileinto urgent']);
    const weekend = `require ["date", "relational", "fileinto"];
      if anyof(date :is "received" "weekday" "0", date :is "received" "weekday" "6") { fileinto "weekend"; }`;
    expect(actions(weekend, mail)).toEqual(['fileinto weekend']);
    expect(actions(weekend, 'Received: x; Mon, 26 Feb 2007 08:00:00 -0600\n\n')).toEqual(['implicit keep']);
  });

  it('§5.1 currentdate: the examples, on Tuesday 24 November 2026, 12:30:05', () => {
    const pager = `require ["date", "relational"];
      if anyof(currentdate :is "weekday" "0", currentdate :is "weekday" "6",
               currentdate :value "lt" "hour" "09", currentdate :value "ge" "hour" "17")
      { redirect "pager@example.com"; }`;
    const at = (nowMs: number) => actions(pager, mail, { environment: { nowMs } });
    expect(actions(pager, mail)).toEqual(['implicit keep']);
    expect(at(Date.UTC(2026, 10, 24, 16, 0))).toEqual(['redirect pager@example.com']);
    expect(at(Date.UTC(2026, 10, 22, 10, 0))).toEqual(['redirect pager@example.com']);
    const away = `require ["date", "relational", "vacation"];
      if allof(currentdate :value "ge" "date" "2007-06-30", currentdate :value "le" "date" "2007-07-07")
      { vacation :days 7 "I'm away during the first week in July."; }`;
    const july = { environment: { nowMs: Date.UTC(2007, 6, 7, 20, 0) } };
    expect(actions(away, mail, july)[0]).toMatch(/^vacation reason=I'm away during/);
    expect(actions(away, mail)).toEqual(['implicit keep']);
    const month = `require ["date", "variables", "fileinto"];
      if currentdate :matches "month" "*" { set "month" "\${1}"; }
      if currentdate :matches "year"  "*" { set "year"  "\${1}"; }
      fileinto "\${month}-\${year}";`;
    expect(actions(month, mail)).toEqual(['fileinto 11-2026']);
    expect(part('currentdate :matches "std11"')).toBe('Tue, 24 Nov 2026 12:30:05 +0100');
    expect(part('currentdate :zone "-1200" :matches "iso8601"')).toBe('2026-11-23T23:30:05-12:00');
    expect(holds('currentdate :count "eq" "year" "1"', mail, requires)).toBe(true);
  });

  it('§6 index', () => {
    const cutoff = `require ["date", "relational", "index"];
      if date :value "gt" :index 2 :zone "-0500" "received" "iso8601" "2007-02-26T09:00:00-05:00"`;
    expect(problems(`${cutoff},\n{ redirect "aftercutoff@example.org"; }`)).toHaveLength(1);
    const corrected = `${cutoff} { redirect "aftercutoff@example.org"; }`;
    // The second Received is exactly at the cutoff.
    expect(actions(corrected, mail)).toEqual(['implicit keep']);
    expect(actions(corrected, mail.replace('08:00:00', '08:00:01'))).toEqual(['redirect aftercutoff@example.org']);
    expect(holds('header :index 2 "to" "two@example.com, three@example.com"', mail, requires)).toBe(true);
    expect(holds('header :index 2 :last "to" "one@example.com"', mail, requires)).toBe(true);
    expect(holds('address :index 1 "to" "two@example.com"', mail, requires)).toBe(false);
    expect(holds('address :index 2 ["from", "to"] "one@example.com"', mail, requires)).toBe(true);
    expect(holds('address :index 1 :last ["from", "to"] "three@example.com"', mail, requires)).toBe(true);
    for (const none of [0, 4]) expect(holds(`header :index ${none} :contains "to" ""`, mail, requires)).toBe(false);
    expect(problems('require "index"; if header :last "a" "b" {}')).toEqual([
      '1:21 ":last" can only be given together with ":index".',
    ]);
  });
});
