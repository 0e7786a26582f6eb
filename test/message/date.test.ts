import { describe, expect, it } from 'vitest';
import { parseDate } from '../../lib/message/date.ts';

describe('date', () => {
  it.each([
    ['Fri, 21 Nov 1997 09:55:06 -0600', '1997-11-21T15:55:06Z', -360],
    ['21 Nov 97 09:55:06 GMT', '1997-11-21T09:55:06Z', 0],
    ['1 Jan 00 00:00 +0530', '1999-12-31T18:30:00Z', 330],
    ['Thu,\r\n 13 Feb 1969 23:32 -0330 (Newfoundland Time)', '1969-02-14T03:02:00Z', -210],
    [
      'Fri, 21 Nov 1997 09(comment):   55  :  06 -0600'.replace(/ +: +/g, ':').replace(': ', ':'),
      '1997-11-21T15:55:06Z',
      -360,
    ],
    ['Thu, 1 Feb 101 10:00:00 EST', '2001-02-01T15:00:00Z', -300],
    ['Thu, 1 Feb 2001 10:00:00 Z', '2001-02-01T10:00:00Z', 0],
    ['Thu, 1 Feb 2001 10:00:00 A', '2001-02-01T10:00:00Z', 0],
    ['Thu, 1 Feb 2001 10:00:00 constructor', '2001-02-01T10:00:00Z', 0],
    ['Thu, 1-Feb-2001 10.00.00 GMT+02:00', '2001-02-01T08:00:00Z', 120],
    ['Thursday, 1 February 2001 1:00:00 PM +0000', '2001-02-01T13:00:00Z', 0],
    ['Thu Feb  1 10:00:00 2001', '2001-02-01T10:00:00Z', 0],
    ['Thu Feb  1 10:00:00 PST 2001', '2001-02-01T18:00:00Z', -480],
    ['2001-02-01T10:00:00.123+01:00', '2001-02-01T09:00:00Z', 60],
    ['Sat, 31 Dec 2016 23:59:60 +0000', '2017-01-01T00:00:00Z', 0],
    ['29 Feb 2024 00:00:00 -9999', '2024-02-29T00:00:00Z', 0],
  ])('%s', (text, utc, offsetMinutes) => {
    expect(parseDate(text)).toEqual({ epochSeconds: Date.parse(utc) / 1000, offsetMinutes });
  });

  it.each([
    '',
    'yesterday',
    '32 Jan 2001 10:00:00',
    '29 Feb 2023 10:00',
    '1 Foo 2001 10:00',
    '1 Jan 2001',
    '1 Jan 2001 10:61',
    '('.repeat(1e5),
  ])('is hopeless: %.20s', (text) => {
    expect(parseDate(text)).toBeUndefined();
  });
});
