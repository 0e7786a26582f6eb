import { expect, it } from 'vitest';
import { report } from '../../bin/commands/doctor.ts';
import { Findings } from '../../lib/store/doctor-findings.ts';

it('the last line sums up, and says how to see what is not shown', () => {
  const findings = new Findings();
  Object.assign(findings.examined, { users: 1, mailboxes: 6, messages: 2, bytes: 3 * 1024 ** 2 });
  const sum = '1 user, 6 mailboxes, 2 messages, 3.0 MiB';
  expect(report(findings, false)).toBe(`${sum}: no faults, no notes\n`);
  findings.add('no-inbox', 'anna', 'has none');
  findings.add('leftovers', 'bert', 'of an import');
  const [fault = '', shown, ...rest] = report(findings, false).split('\n');
  expect(fault).toMatch(/^fault: no-inbox: anna: has none \(/);
  expect([shown, ...rest]).toEqual([`${sum}: 1 fault, 1 note (--verbose shows them)`, '']);
  expect(report(findings, true).split('\n').slice(1)).toEqual([
    'note: leftovers: bert: of an import (harmless)',
    `${sum}: 1 fault, 1 note`,
    '',
  ]);
});
