import { UidSet } from '../../lib/store/uid-set.ts';
import type { Context } from './context.ts';
import { Refused } from './errors.ts';
import { no } from './reply.ts';
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
  const newest = UidSet.fromSorted([...uids].slice(-most));
  return { uids: newest, code: messageLimit(most, newest.first) };
}

/** Refuses a command that cannot be done in part, as of SORT and THREAD, when it is about more messages. */
export function requireWithinLimit({ options }: Context, count: number): void {
  refuseBeyond(options.messageLimit ?? 0, count);
}

/** The same of COPY and APPEND, which have a limit of their own where no other command has one (`savelimit`). */
export function requireWithinSaveLimit({ options }: Context, count: number): void {
  refuseBeyond(options.messageLimit || (options.saveLimit ?? 0), count);
}

function refuseBeyond(most: number, count: number): void {
  if (most > 0 && count > most) throw new Refused(no(`At most ${most} messages at once`, messageLimit(most)));
}
