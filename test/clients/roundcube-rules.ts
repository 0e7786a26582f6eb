// Rules as the pages of Roundcube's plugin managesieve make them.

const rule = (name: string, join: boolean, tests: readonly object[], actions: readonly object[], disabled = false) => ({
  type: 'if',
  name,
  join,
  disabled,
  tests: tests.map((test) => ({ not: false, ...test })),
  actions,
});

const numeric = { comparator: 'i;ascii-numeric' };

/** Every test that it writes; the first is never true. */
const everyTest = [
  { test: 'header', type: 'is', arg1: 'x-rule', arg2: 'yes' },
  { test: 'size', type: 'over', arg: '10M' },
  { test: 'size', not: true, type: 'under', arg: '1K' },
  { test: 'spamtest', type: 'value-ge', ...numeric, arg: '5' },
  { test: 'exists', arg: ['x-a', 'x-b'] },
  { test: 'exists', mime: true, 'mime-anychild': true, arg: 'x-a' },
  { test: 'header', not: true, type: 'matches', arg1: ['subject', 'from'], arg2: ['a*', 'b?'] },
  { test: 'header', mime: true, 'mime-contenttype': true, type: 'is', arg1: 'content-type', arg2: 'text/plain' },
  { test: 'header', type: 'regex', arg1: 'subject', arg2: '^a+$' },
  { test: 'header', index: 2, last: true, type: 'contains', arg1: 'received', arg2: 'x' },
  { test: 'header', type: 'count-ge', ...numeric, arg1: 'to', arg2: '3' },
  { test: 'string', type: 'is', arg1: `\${name}`, arg2: 'value' },
  { test: 'address', part: 'domain', type: 'is', arg1: ['from', 'to'], arg2: 'example.org' },
  { test: 'address', part: 'detail', type: 'contains', arg1: 'to', arg2: 'x' },
  { test: 'envelope', part: 'localpart', type: 'is', arg1: 'from', arg2: 'bob' },
  { test: 'body', part: 'raw', type: 'contains', arg: 'x "quoted" \\' },
  { test: 'body', part: 'content', content: 'text', type: 'contains', arg: 'y' },
  { test: 'body', part: 'text', type: 'regex', arg: 'z' },
  { test: 'date', originalzone: true, type: 'value-ge', header: 'date', part: 'hour', arg: '09' },
  { test: 'currentdate', zone: '+0100', type: 'is', part: 'weekday', arg: '1' },
  { test: 'currentdate', type: 'value-lt', ...numeric, part: 'year', arg: '2000' },
  { test: 'duplicate', handle: 'h', header: 'X-Id', seconds: '60', last: true },
  { test: 'true' },
];

/** Every action that it writes, but for `replace`, for which it requires the wrong extension, and those in {@link rules}. */
const everyAction = [
  { type: 'fileinto', target: 'Gelöscht', copy: true },
  { type: 'redirect', target: 'a@example.org' },
  { type: 'redirect', target: 'b@example.org', copy: true },
  { type: 'setflag', target: ['\\Seen', '$label1'] },
  { type: 'removeflag', target: '$label1' },
  { type: 'addheader', name: 'X-A', value: 'b', last: true },
  { type: 'deleteheader', name: 'X-B', value: ['c', 'd'], index: 1, last: true, 'match-type': 'contains' },
  { type: 'include', target: 'other', once: true, optional: true, personal: true },
  { type: 'set', name: 'name', value: 'VALUE', lower: true, quotewildcard: true },
  {
    type: 'notify',
    importance: '1',
    from: 'me@example.org',
    message: 'm',
    options: [],
    method: 'mailto:a@example.org',
  },
  {
    type: 'vacation',
    reason: 'Content-Type: text/plain\n\nI am away.\n.\nReally.',
    days: '3',
    addresses: ['a@example.org', 'b@example.org'],
    subject: 'away',
    handle: 'h',
    from: 'a@example.org',
    mime: true,
  },
  { type: 'keep' },
  { type: 'discard' },
];

export const rules = [
  rule(
    'offers',
    false,
    [{ test: 'header', type: 'contains', arg1: 'subject', arg2: 'offer' }],
    [{ type: 'fileinto', target: 'Junk' }, { type: 'stop' }],
  ),
  rule(
    'figures [1]',
    true,
    [
      { test: 'body', part: 'text', type: 'contains', arg: ['figures', 'numbers'] },
      { test: 'size', type: 'under', arg: '1M' },
    ],
    [{ type: 'addflag', target: '\\Flagged' }, { type: 'fileinto', target: 'Archive' }, { type: 'stop' }],
  ),
  rule('all', true, everyTest, everyAction),
  rule(
    'switched off',
    false,
    [{ test: 'true' }],
    [
      { type: 'reject', target: 'no\nthanks' },
      { type: 'ereject', target: 'no' },
      { type: 'vacation', reason: 'x', seconds: '600' },
    ],
    true,
  ),
];
