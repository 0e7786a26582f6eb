import type { Action } from '../actions.ts';
import type { AddedTag, Extension } from '../definition.ts';
import { checkMailbox } from '../headers.ts';
import type { Run } from '../run.ts';
import type { Value } from '../script.ts';
import { intoFcc, textOf } from './fcc.ts';

const value = { type: 'string', check: checkUse } as const;

/** RFC 8579: mailboxes by what they are used for. */
export const specialUse: Extension = {
  capability: 'special-use',
  tests: [
    {
      name: 'specialuse_exists',
      parameters: [
        { name: 'mailbox', type: 'string', optional: true, check: checkMailbox },
        { name: 'uses', type: 'strings', check: checkUse },
      ],
      run: (node, run) => {
        const mailbox = run.has(node, 'mailbox') ? run.text(node, 'mailbox') : undefined;
        return run.ask('special-use-exists', { mailbox, uses: run.texts(node, 'uses') });
      },
    },
  ],
  tags: [
    // RFC 9042 §4.1: a mailbox is named by its use or by its id, not by both.
    { name: 'specialuse', to: ['fileinto'], value, group: 'place', refine: withUse },
    { name: 'specialuse', to: ['vacation', 'notify'], value, group: 'place', needs: 'fcc', refine: withUse },
  ] satisfies readonly AddedTag[],
};

function withUse(action: Action, given: Value, run: Run): Action {
  return intoFcc(action, { specialUse: textOf(given, run, checkUse) });
}

/** RFC 6154 §6: a backslash and an atom. */
function checkUse(text: string): string | undefined {
  if (/^\\[^\x00-\x20\x7f-\uffff(){%*"\\\]]{1,255}$/.test(text)) return undefined;
  return `"${text.slice(0, 64)}" is no special use; one is written "\\\\Junk".`;
}
