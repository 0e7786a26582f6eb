import type { Extension } from '../definition.ts';
import { imapItems } from './imapsieve.ts';

/** RFC 5183: what is known of the place where the script runs. */
export const environment: Extension = {
  capability: 'environment',
  tests: [
    {
      name: 'environment',
      match: true,
      parameters: [
        { name: 'item', type: 'string' },
        { name: 'keys', type: 'strings' },
      ],
      run: (node, run) => {
        const item = run.text(node, 'item').toLowerCase();
        const empty = run.inForce(node, 'imapsieve') && imapItems.has(item) ? '' : undefined;
        const value = run.environment.items.get(item) ?? empty;
        // RFC 5183 §4: an item that is not there never matches.
        if (value === undefined) return false;
        const counted = node.matching.type.name === 'count' && value === '' ? [] : [value];
        return node.matching.type.run(counted, run.texts(node, 'keys'), node.matching, run);
      },
    },
  ],
};
