import type { Action } from '../actions.ts';
import type { Extension } from '../definition.ts';
import type { Run } from '../run.ts';
import type { Value } from '../script.ts';
import { intoFcc, textOf } from './fcc.ts';

const value = { type: 'string', check: checkId } as const;

/** RFC 9042: mailboxes by their ids. */
export const mailboxid: Extension = {
  capability: 'mailboxid',
  tests: [
    {
      name: 'mailboxidexists',
      parameters: [{ name: 'ids', type: 'strings' }],
      run: (node, run) => {
        const ids = run.texts(node, 'ids');
        return ids.every((id) => checkId(id) === undefined) && run.ask('mailbox-ids-exist', { ids });
      },
    },
  ],
  tags: [
    { name: 'mailboxid', to: ['fileinto'], value, group: 'place', refine: withId },
    { name: 'mailboxid', to: ['vacation', 'notify'], value, group: 'place', needs: 'fcc', refine: withId },
  ],
};

function withId(action: Action, given: Value, run: Run): Action {
  return intoFcc(action, { mailboxId: textOf(given, run, checkId) });
}

/** RFC 8474 §7: an object id. */
function checkId(text: string): string | undefined {
  return /^[A-Za-z0-9_-]{1,255}$/.test(text) ? undefined : `"${text.slice(0, 64)}" cannot be the id of a mailbox.`;
}
