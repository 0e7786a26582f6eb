import type { Extension } from '../definition.ts';
import { checkMailbox } from '../headers.ts';
import { intoFcc } from './fcc.ts';

/** RFC 5490 §3.1, §3.2: whether mailboxes are there to deliver to, and making one. */
export const mailbox: Extension = {
  capability: 'mailbox',
  tests: [
    {
      name: 'mailboxexists',
      parameters: [{ name: 'mailboxes', type: 'strings', check: checkMailbox }],
      run: (node, run) => run.ask('mailboxes-exist', { mailboxes: run.texts(node, 'mailboxes') }),
    },
  ],
  tags: [
    {
      name: 'create',
      to: ['fileinto'],
      refine: (action) => intoFcc(action, { create: true }),
    },
    { name: 'create', to: ['vacation', 'notify'], needs: 'fcc', refine: (action) => intoFcc(action, { create: true }) },
  ],
};
