import type { CommandDefinition, Extension } from '../definition.ts';
import { flagged, internal, readFlags, setInternal } from './imap4flags.ts';

type Change = (before: readonly string[], given: readonly string[]) => readonly string[];

const add: Change = (before, given) => [...before, ...given];

const remove: Change = (before, given) => {
  const gone = new Set(given.map((flag) => flag.toLowerCase()));
  return before.filter((flag) => !gone.has(flag.toLowerCase()));
};

/** The flags of Cyrus before RFC 5232 (draft-melnikov-sieve-imapflags-03): without variables, with `mark` and `unmark`. */
export const imapflags: Extension = {
  capability: 'imapflags',
  commands: [
    changing('setflag', (_before, given) => given),
    changing('addflag', add),
    changing('removeflag', remove),
    marking('mark', add),
    marking('unmark', remove),
  ],
  onAction: flagged,
};

function changing(name: string, change: Change): CommandDefinition {
  return {
    name,
    parameters: [{ name: 'flags', type: 'strings' }],
    run: (node, run) => {
      const given = readFlags(run.texts(node, 'flags'), run);
      setInternal(run, readFlags(change(internal(run), given), run));
    },
  };
}

function marking(name: string, change: Change): CommandDefinition {
  return { name, run: (_node, run) => setInternal(run, readFlags(change(internal(run), ['\\Flagged']), run)) };
}
