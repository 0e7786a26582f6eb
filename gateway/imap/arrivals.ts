import type { Id } from '../../lib/base/ids.ts';
import type { OpenMailbox } from '../../lib/store/account.ts';
import { hasRight } from '../../lib/store/rights.ts';
import type { UidSet } from '../../lib/store/uid-set.ts';
import type { Context } from './context.ts';
import { added } from './events.ts';

/** A message that is to be put into a mailbox. */
export interface Arriving {
  readonly space: Id;
  readonly blob: Id;
  readonly sizeBytes: number;
}

/** A mailbox of each user that sends what is put into it. */
export interface Outbox {
  /** In the account of a user. */
  readonly path: string;
  isOutbox(open: OpenMailbox): boolean;
  /** Throws `StoreError` for what cannot be sent, before it is put there. */
  requireSendable(count: number, messages: () => Promise<readonly Arriving[]>): Promise<void>;
  /** Durable when it resolves; what the client puts there again since it was not answered is not sent again. */
  send(open: OpenMailbox, uids: UidSet): Promise<void>;
}

/** Messages on their way into a mailbox. */
export interface Arrival<T> {
  readonly cause: 'APPEND' | 'COPY';
  readonly count: number;
  /** Asked only when somebody wants to look at them before they are there. */
  readonly messages: () => Promise<readonly Arriving[]>;
  /** Puts them there. */
  readonly put: () => Promise<T>;
  /** Which UIDs they have got. */
  readonly uidsOf: (done: T) => UidSet;
}

/** Puts messages into a mailbox, then tells those who act on what comes: scripts (RFC 6785), and the Outbox, which sends it. */
export async function arrive<T>({ options }: Context, open: OpenMailbox, arrival: Arrival<T>): Promise<T> {
  const outbox = options.outbox?.isOutbox(open) ? options.outbox : undefined;
  await outbox?.requireSendable(arrival.count, arrival.messages);
  const done = await arrival.put();
  const uids = arrival.uidsOf(done);
  await options.events?.happened(open, arrival.cause, added(uids));
  await outbox?.send(open, uids);
  return done;
}

/** RFC 4315 §3: what UIDs messages got is not for those who may put them there and may not look. */
export function mayKnowUids({ rights }: OpenMailbox): boolean {
  return hasRight(rights, 'r');
}

/** Messages of a mailbox that are to be in another one, too. */
export function copiesOf(source: OpenMailbox, uids: UidSet): () => Promise<readonly Arriving[]> {
  return async () => {
    const { view } = await source.mailbox.refresh();
    const rows = await source.mailbox.cold(view, view.present(uids));
    return [...rows.values()].map(({ blob, sizeBytes }) => ({ space: source.space, blob, sizeBytes }));
  };
}
