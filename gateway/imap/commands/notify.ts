import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import { isSelected, MESSAGE_EVENTS, OTHER_EVENTS } from '../notify/groups.ts';
import { Notifier } from '../notify/notifier.ts';
import { bad, no, ok, type Reply } from '../reply.ts';
import type { EventGroup } from '../wire/commands.ts';
import { badEvent } from '../wire/write/response-code.ts';

const KNOWN = [...MESSAGE_EVENTS, ...OTHER_EVENTS];

/** NOTIFY (RFC 5465 §3): what is told of from now on, while no command runs. It replaces what was asked for before. */
export async function notify(context: Context, { groups, status }: CommandOf<'NOTIFY'>): Promise<Reply> {
  if (groups === null) {
    context.setNotifier(undefined);
    return ok();
  }
  for (const group of groups) {
    const problem = problemOf(group);
    if (problem !== undefined) return problem;
  }
  if (groups.filter(({ filter }) => isSelected(filter)).length > 1) return bad('The selected mailbox is named twice');
  const notifier = new Notifier(context, groups);
  const begun = await notifier.begin(status);
  if (!begun) return no('That is more mailboxes than can be watched', 'NOTIFICATIONOVERFLOW');
  context.setNotifier(notifier);
  return ok();
}

/** RFC 5465 §5, §6.1: which events go together. */
function problemOf({ filter, events, fetch }: EventGroup): Reply | undefined {
  const known = new Set<string>(KNOWN.map((name) => name.toUpperCase()));
  if (![...events].every((event) => known.has(event))) return no('Some events are not supported', badEvent(KNOWN));
  const [hasNew, hasExpunge] = [events.has('MESSAGENEW'), events.has('MESSAGEEXPUNGE')];
  if (hasNew !== hasExpunge) return bad('MessageNew and MessageExpunge go together');
  const change = (['FlagChange', 'AnnotationChange'] as const).find((event) => events.has(event.toUpperCase()));
  if (change !== undefined && !hasNew) return bad(`${change} needs MessageNew and MessageExpunge`);
  if (!isSelected(filter))
    return fetch.length > 0 ? bad('Only of the selected mailbox messages are fetched') : undefined;
  const isOther = OTHER_EVENTS.some((event) => events.has(event.toUpperCase()));
  return isOther ? bad('Of the selected mailbox only message events are told') : undefined;
}
