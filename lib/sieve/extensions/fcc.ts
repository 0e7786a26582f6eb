import type { Action, FileIntoAction } from '../actions.ts';
import type { Check, Extension } from '../definition.ts';
import { checkMailbox } from '../headers.ts';
import type { Run } from '../run.ts';
import type { Value } from '../script.ts';

/** RFC 8580: a copy of what `vacation` and `notify` send. */
export const fcc: Extension = {
  capability: 'fcc',
  tags: [
    {
      name: 'fcc',
      to: ['vacation', 'notify'],
      value: { type: 'string', check: checkMailbox },
      refine: (action, given, run) => intoFcc(action, { mailbox: textOf(given, run, checkMailbox) }),
    },
  ],
};

/** Says more of where an action puts the message, or the copy of what it sends (RFC 8580 §3). */
export function intoFcc(action: Action, more: Partial<FileIntoAction>): Action {
  if (action.kind === 'fileinto') return { ...action, ...more };
  if (action.kind !== 'vacation' && action.kind !== 'notify') return action;
  return { ...action, fcc: { mailbox: '', ...action.fcc, ...more } };
}

/** The string that a tag was given, its variables put in and checked. */
export function textOf(value: Value, run: Run, check: Check): string {
  if (value === true || typeof value === 'number' || Array.isArray(value)) return '';
  const text = run.expand(value as Exclude<typeof value, readonly unknown[]>);
  const wrong = check(text, () => false);
  if (wrong !== undefined) run.fail(wrong);
  return text;
}
