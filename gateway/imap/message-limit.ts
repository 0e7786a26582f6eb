import { UidSet } from '../../lib/store/uid-set.ts';
import type { Context } from './context.ts';
import { Refused } from './errors.ts';
import { no, ok, type Reply } from './reply.ts';
import { condition } from './wire/write/response.ts';
import { messageLimit } from './wire/write/response-code.ts';

/** What of a command's messages is done, and the code of its tagged response where that is not all. */
export interface Limited {
  readonly uids: UidSet;
  readonly code: string | null;
}

/** The newest messages, as many as one command may be about (`messagelimit`, RFC 9738 §3.1). */
export function withinLimit({ options }: Context, uids: UidSet): Limited {
  const most = options.messageLimit ?? 0;
  if (most === 0 || uids.size <= most) return { uids, code: null };
  const newest = newestOf(uids, most);
  return { uids: newest, code: messageLimit(most, newest.first) };
}

/**
 * What is answered when some of the messages that a command names by number are gone (RFC 2180 §4). Where a limit left others
 * out as well, the tagged response is OK, and the limit is told before it (RFC 9738 §3.1).
 */
export function someAreGone(context: Context, limit: string | null): Reply {
  const [text, code] = ['Some of the messages are gone', 'EXPUNGEISSUED'];
  if (limit === null) return no(text, code);
  tellLimit(context, limit);
  return ok(text, code);
}

/** Tells the limit where the tagged response has another code. */
export function tellLimit(context: Context, limit: string): void {
  context.write(condition(null, 'NO', limit, 'Only some of the messages'));
}

/** Refuses a command that is not done in part, as SORT and THREAD, when it is about more messages. */
export function requireWithinLimit({ options }: Context, count: number): void {
  refuseBeyond(options.messageLimit ?? 0, count);
}

/** The same of COPY and APPEND, which have a limit of their own where no other command has one (`savelimit`). */
export function requireWithinSaveLimit({ options }: Context, count: number, uids?: UidSet): void {
  refuseBeyond(options.messageLimit || (options.saveLimit ?? 0), count, uids);
}

/** `uids`: those of the messages, where they have any; then the client learns which of them would do. */
function refuseBeyond(most: number, count: number, uids?: UidSet): void {
  if (most === 0 || count <= most) return;
  throw new Refused(no(`At most ${most} messages at once`, messageLimit(most, uids && newestOf(uids, most).first)));
}

function newestOf(uids: UidSet, most: number): UidSet {
  return UidSet.fromSorted([...uids].slice(-most));
}
