import { partText } from '../body.ts';
import type { Extension } from '../definition.ts';
import { currentPart } from '../parts.ts';
import { checkVariable, modified, setVariable } from './variables.ts';

/** RFC 5703 §7: the text of a part in a variable. */
export const extracttext: Extension = {
  capability: 'extracttext',
  commands: [
    {
      name: 'extracttext',
      inside: ['foreverypart'],
      tags: [{ name: 'first', value: { type: 'number' } }],
      parameters: [{ name: 'name', type: 'string', constant: true, check: checkVariable }],
      check: ({ capabilities }) =>
        capabilities.has('variables') ? undefined : '"extracttext" needs require "variables".',
      *run(node, run) {
        const part = currentPart(run);
        const text = part?.type === 'text' ? yield* partText(part, run) : '';
        // More than a variable holds need not be looked at; a character may be two places long.
        const characters = [...text.slice(0, run.limits.variableChars * 2)];
        const first = characters.slice(0, run.number(node, ':first') ?? characters.length).join('');
        setVariable(run, run.text(node, 'name'), modified(node, run, first));
      },
    },
  ],
};
