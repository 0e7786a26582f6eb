import type { OpenMailbox } from '../../../lib/store/account.ts';
import type { NamedMessage } from '../../../lib/store/append.ts';
import { replaceMessage } from '../../../lib/store/replace.ts';
import { UidSet } from '../../../lib/store/uid-set.ts';
import { arrive, mayKnowUids } from '../arrivals.ts';
import type { Context } from '../context.ts';
import { asDestination, Refused } from '../errors.ts';
import { bad, no, ok, type Reply } from '../reply.ts';
import type { AppendStart } from '../wire/append.ts';
import { BadSyntax } from '../wire/bad-syntax.ts';
import { condition } from '../wire/write/response.ts';
import { appendUid } from '../wire/write/response-code.ts';

/** The message that a REPLACE names: before its octets are asked for. */
export function replacedUid(context: Context, { number, uid }: NonNullable<AppendStart['replaced']>): number {
  if (!context.hasSelected) throw new BadSyntax('Please select a mailbox first');
  // RFC 9586 §3.2
  if (context.style.uidOnly && !uid) throw new Refused(bad('UIDs are required', 'UIDREQUIRED'));
  const { selected } = context;
  if (selected.readOnly) throw new Refused(no('The mailbox is read-only', 'NOPERM'));
  const { uids, expunged } = selected.named([{ from: number, to: number }], uid);
  const [found] = uids;
  if (found !== undefined) return found;
  throw new Refused(expunged ? no('The message is gone already', 'EXPUNGEISSUED') : no('There is no such message'));
}

/** REPLACE and UID REPLACE (RFC 8508 §3): the new UID is told before the old message is told to be gone. */
export async function replace(
  context: Context,
  uid: number,
  destination: OpenMailbox,
  message: NamedMessage,
): Promise<Reply> {
  const { blob, sizeBytes } = message;
  const { uidValidity, firstUid } = await arrive(context, destination, {
    cause: 'APPEND',
    count: 1,
    messages: async () => [{ space: destination.space, blob, sizeBytes }],
    put: () => asDestination(replaceMessage(context.selected.open, uid, destination, message)),
    uidsOf: (appended) => UidSet.of(appended.firstUid),
  });
  if (mayKnowUids(destination)) {
    const code = appendUid(uidValidity, [{ from: firstUid, to: firstUid }]);
    context.write(condition(null, 'OK', code, 'The new message is there'));
  }
  return ok();
}
