import { parseFlagNames, permitted, systemMask } from '../../../lib/store/flag-names.ts';
import { flagBits } from '../../../lib/store/flag-sets.ts';
import { maskBits } from '../../../lib/store/mailbox-records.ts';
import { hasRight } from '../../../lib/store/rights.ts';
import { type FlagChange, setFlags } from '../../../lib/store/set-flags.ts';
import type { UidSet } from '../../../lib/store/uid-set.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { changedFlags } from '../events.ts';
import { someAreGone, tellLimit, withinLimit } from '../message-limit.ts';
import { seqKnownAt } from '../mod-seq.ts';
import { modifiedCode } from '../modified-code.ts';
import { no, ok, type Reply } from '../reply.ts';
import type { OwnChange, Selected } from '../selected.ts';
import { enableCondstore } from './enable.ts';
import { storeAnnotations } from './store-annotation.ts';

/** STORE (RFC 9051 §6.4.6) of any number of messages in one commit, with UNCHANGEDSINCE (RFC 7162 §3.1.3). */
export async function store(context: Context, command: CommandOf<'STORE'>): Promise<Reply> {
  const { selected } = context;
  if (command.unchangedSince !== null) enableCondstore(context);
  if (selected.readOnly) return no('The mailbox is read-only', 'NOPERM');
  if (command.annotations !== null) return storeAnnotations(context, command, command.annotations);
  const { uids: named, expunged } = selected.named(command.set, command.uid);
  const { uids, code } = withinLimit(context, named);
  const operation = command.mode;
  const only = command.unchangedSince === null ? {} : { unchangedSince: seqKnownAt(command.unchangedSince) };
  const change: FlagChange = { operation, flags: command.flags, uids, ...only, told: selected.view };
  const before = selected.open.mailbox.cached?.view;
  const { modified: left, changed } = await setFlags(selected.open, change);
  const after = selected.open.mailbox.cached?.view;
  if (before !== undefined && after !== undefined) {
    await context.options.events?.happened(selected.open, 'FLAG', () => changedFlags(before, after, changed));
  }
  const touched = uids.minus(left);
  const knows = ownChange(selected, change, touched);
  await context.tell({
    expunges: command.uid,
    withUid: command.uid,
    // RFC 9051 §6.4.6: answered "as if a FETCH of those flags was done".
    // RFC 7162 §3.1.3: and nobody has to ask what has happened to those that were left alone.
    ...(command.silent ? { knows, always: left } : { always: touched.union(left) }),
  });
  if (left.isEmpty) return expunged ? someAreGone(context, code) : ok('Completed', code);
  if (code !== null) tellLimit(context, code);
  const modified = modifiedCode(selected, left, command.uid);
  return expunged ? no('Some of the messages are gone', modified) : ok('Conditional STORE failed for some', modified);
}

/** Whether flags are now what this change alone makes of them: then a silent client knows (RFC 9051 §6.4.6). */
function ownChange({ open }: Selected, { operation, flags }: FlagChange, uids: UidSet): OwnChange {
  const names = permitted(parseFlagNames(flags), open.rights);
  const keywords = open.mailbox.cached?.view.keywordNumbers(names.keywords).numbers ?? [];
  const named = flagBits({ system: names.system, keywords });
  const all = hasRight(open.rights, 'w') ? ('all' as const) : [];
  const replaced = maskBits({ system: systemMask(open.rights), keywords: all });
  return {
    uids,
    of(before, after) {
      const cleared = operation === 'add' ? before : before & ~(operation === 'remove' ? named : replaced);
      return after === (operation === 'remove' ? cleared : cleared | named) ? 'flags' : 'nothing';
    },
  };
}
