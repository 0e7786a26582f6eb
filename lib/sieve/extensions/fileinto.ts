import type { Extension } from '../definition.ts';
import { checkMailbox } from '../headers.ts';

/** RFC 5228 §4.1. */
export const fileinto: Extension = {
  capability: 'fileinto',
  commands: [
    {
      name: 'fileinto',
      parameters: [{ name: 'mailbox', type: 'string', check: checkMailbox }],
      run: (node, run) => run.act(node, { kind: 'fileinto', mailbox: run.text(node, 'mailbox') }),
    },
  ],
};
