import { createHash } from 'node:crypto';
import type { Id } from '../base/ids.ts';
import { StoreError } from './errors.ts';
import { NONCE_KEEP_MS } from './keep.ts';
import { markKey } from './keys.ts';
import type { MailStore } from './mail-store.ts';
import type { Item } from './ports.ts';

/** What a user's scripts remember: that a sender was answered, that an id was seen (Rule 14). */
export interface Mark {
  /** The delivery that put it: for a retry of that one it is not there. */
  readonly deliveryId: Buffer;
  readonly untilMs: number;
}

const TRIES = 5;

/** Whether a mark counts now for a delivery: there, not its own, and not over. */
export async function isMarked(store: MailStore, user: Id, name: Buffer, deliveryId: Buffer): Promise<boolean> {
  const mark = readMark(await store.ports.index.get(markKey(user, name)));
  return mark !== undefined && counts(mark, deliveryId, store.clock.now());
}

/**
 * Puts a mark, unless one of another delivery counts now. True: it is this delivery's, now or by an earlier try; of several
 * deliveries that try at once one gets it. `renew`: put it in any case.
 */
export async function putMark(
  store: MailStore,
  user: Id,
  name: Buffer,
  mark: Mark & { readonly renew?: boolean },
): Promise<boolean> {
  const { index } = store.ports;
  const key = markKey(user, name);
  const nowMs = store.clock.now();
  let found = await index.get(key);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const there = readMark(found);
    if (there !== undefined && mark.renew !== true && counts(there, mark.deliveryId, nowMs)) return false;
    if (there?.deliveryId.equals(mark.deliveryId) && there.untilMs > nowMs) return true;
    const rev = typeof found?.r === 'number' ? found.r : undefined;
    // It outlives what it says by the time in which a delivery may be tried again.
    const x = Math.floor((mark.untilMs + NONCE_KEEP_MS) / 1000);
    const item = { d: mark.deliveryId, u: mark.untilMs, r: (rev ?? 0) + 1, x };
    const result = await index.put(key, item, rev === undefined ? 'absent' : { rev });
    if (result.ok) return true;
    found = result.current;
  }
  throw new StoreError('unavailable', 'a mark changes all the time');
}

/** The name of a mark: 16 bytes that say what it is of. */
export function markName(kind: string, ...parts: readonly string[]): Buffer {
  const hash = createHash('sha256').update(kind);
  for (const part of parts) hash.update(`\0${Buffer.byteLength(part)}:${part}`);
  return hash.digest().subarray(0, 16);
}

function counts(mark: Mark, deliveryId: Buffer, nowMs: number): boolean {
  return mark.untilMs > nowMs && !mark.deliveryId.equals(deliveryId);
}

function readMark(item: Item | undefined): Mark | undefined {
  if (!(item?.d instanceof Uint8Array) || typeof item.u !== 'number') return undefined;
  return { deliveryId: Buffer.from(item.d), untilMs: item.u };
}
