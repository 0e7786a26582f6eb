import type { Extension } from '../definition.ts';
import { checkAddress } from '../headers.ts';
import type { CompiledNode } from '../script.ts';
import { checkVariable, setVariable } from './variables.ts';

/** RFC 9671: calendar data in mail. There is no calendar here: nothing is done, and the script is told so. */
export const processcalendar: Extension = {
  capability: 'processcalendar',
  quiet: true,
  commands: [
    {
      name: 'processcalendar',
      tags: [
        { name: 'allowpublic' },
        { name: 'addresses', value: { type: 'strings', check: checkAddress } },
        { name: 'updatesonly', group: 'which' },
        { name: 'calendarid', value: { type: 'string' }, group: 'which' },
        { name: 'deletecancelled' },
        { name: 'deletecanceled' },
        { name: 'organizers', value: { type: 'string' } },
        { name: 'outcome', value: { type: 'string', constant: true, check: checkVariable } },
        { name: 'reason', value: { type: 'string', constant: true, check: checkVariable } },
      ],
      check: needs,
      run: (node, run) => {
        run.act(node, { kind: 'processcalendar' });
        if (run.has(node, ':outcome')) setVariable(run, run.text(node, ':outcome'), 'no_action');
        if (run.has(node, ':reason')) setVariable(run, run.text(node, ':reason'), 'There is no calendar here.');
      },
    },
  ],
};

function needs({ values, capabilities }: CompiledNode): string | undefined {
  if ((values.has(':outcome') || values.has(':reason')) && !capabilities.has('variables')) {
    return '":outcome" and ":reason" need require "variables".';
  }
  return values.has(':organizers') && !capabilities.has('extlists')
    ? '":organizers" needs require "extlists".'
    : undefined;
}
