import { createHash } from 'node:crypto';
import type { Id } from '../base/ids.ts';
import { appendTo, begunWith, type MessageToAppend } from './append.ts';
import { AlreadyCommitted } from './commit-plan.ts';
import { findCommitted } from './committed-before.ts';
import { StoreError } from './errors.ts';
import { NONCE_KEEP_MS } from './keep.ts';
import { claimKey } from './keys.ts';
import type { MailStore } from './mail-store.ts';
import { NONCE_BYTES } from './record.ts';

/** One message on its way into one mailbox (Rule 13). */
export interface Delivering {
  /** 32 bytes: the same when the sender tries again. */
  readonly deliveryId: Buffer;
  /** 32 bytes that every copy of the message shares (its Message-ID and Date); undefined: nothing to suppress by. */
  readonly messageKey: Buffer | undefined;
  /** A copy that came longer ago than this is not a duplicate. */
  readonly suppressMs: number;
  readonly message: MessageToAppend;
  /** Resolves when the message is stored, so that a mailbox may name it; it is already, when not given. */
  readonly written?: Promise<void> | undefined;
}

/** `delivered`: by this call. `before`: an earlier try, or another copy of the message, had been delivered. */
export type DeliveryOutcome = 'delivered' | 'before';

const CLAIM_TRIES = 3;

interface Claim {
  readonly deliveryId: Buffer;
  /** The mailbox's seq when the claim was put: the delivery's record comes after it. */
  readonly seq: number;
  readonly timeMs: number;
}

/**
 * Delivers exactly once: a claim first, then the append under a nonce that the claim determines, whoever tries and however
 * often (Rule 13). Errors: `gone`, `too-many`, `unavailable`; after any of them the same call may be made again.
 */
export async function deliverOnce(store: MailStore, mailbox: Id, delivering: Delivering): Promise<DeliveryOutcome> {
  const own = hash16('d', delivering.deliveryId);
  const key = delivering.messageKey === undefined ? own : hash16('m', delivering.messageKey);
  const claim = await putClaim(store, mailbox, key, delivering);
  const foreign = !claim.deliveryId.equals(delivering.deliveryId);
  if (foreign && store.clock.now() - claim.timeMs > delivering.suppressMs) {
    // An older message with the same Message-ID is not this one: this delivery claims under its own id.
    const second = await putClaim(store, mailbox, own, delivering);
    return commitClaimed(store, mailbox, own, delivering, second);
  }
  return commitClaimed(store, mailbox, key, delivering, claim);
}

/** Puts the claim if absent; answers it, or the one that is there. */
async function putClaim(store: MailStore, mailbox: Id, key: Buffer, { deliveryId }: Delivering): Promise<Claim> {
  const seq = store.openedMailbox(mailbox)?.cached?.head.seq ?? (await store.deliveryLog(mailbox).seq());
  const nowMs = store.clock.now();
  const item = { d: deliveryId, s: seq, t: nowMs, x: Math.floor((nowMs + NONCE_KEEP_MS) / 1000) };
  for (let attempt = 0; attempt < CLAIM_TRIES; attempt++) {
    const result = await store.ports.index.put(claimKey(mailbox, key), item, 'absent');
    if (result.ok) return { deliveryId, seq, timeMs: nowMs };
    const { d, s, t } = result.current ?? {};
    if (d instanceof Uint8Array && typeof s === 'number' && typeof t === 'number') {
      return { deliveryId: Buffer.from(d), seq: s, timeMs: t };
    }
  }
  throw new StoreError('unavailable', 'a delivery claim came and went');
}

async function commitClaimed(
  store: MailStore,
  mailbox: Id,
  key: Buffer,
  { message, written }: Delivering,
  claim: Claim,
): Promise<DeliveryOutcome> {
  const nonce = createHash('sha256').update('nonce').update(key).digest().subarray(0, NONCE_BYTES);
  // A claim names no message: it may come before the blob. A record may not.
  await written;
  const opened = store.openedMailbox(mailbox);
  try {
    if (opened === undefined && message.flags.keywords.length === 0) {
      await store.deliveryLog(mailbox).append([message], nonce, claim.seq);
    } else {
      const whole = opened ?? store.mailbox(mailbox);
      await whole.commit((view) => ({ record: appendTo(view, [message], true).record, reply: undefined }), {
        nonce,
        begunMs: begunWith([message]),
        isCommitted: async (base) => {
          const view = async () => base.view;
          return (await findCommitted(store.context, mailbox, base, nonce, claim.seq, view)) !== undefined;
        },
      });
    }
    return 'delivered';
  } catch (error) {
    if (error instanceof AlreadyCommitted) return 'before';
    throw error;
  }
}

function hash16(kind: 'd' | 'm', bytes: Buffer): Buffer {
  return createHash('sha256').update(kind).update(bytes).digest().subarray(0, 16);
}
