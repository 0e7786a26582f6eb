import { createHash } from 'node:crypto';
import { appendTo, type MessageToAppend } from './append.ts';
import { AlreadyCommitted } from './commit-plan.ts';
import { findCommitted } from './committed-before.ts';
import { StoreError } from './errors.ts';
import { NONCE_KEEP_MS } from './keep.ts';
import { claimKey } from './keys.ts';
import type { LogContext } from './log.ts';
import type { Mailbox } from './mailbox.ts';
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
}

/** `delivered`: by this call. `before`: an earlier try, or another copy of the message, had been delivered. */
export type DeliveryOutcome = 'delivered' | 'before';

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
export async function deliverOnce(
  context: LogContext,
  mailbox: Mailbox,
  delivering: Delivering,
): Promise<DeliveryOutcome> {
  const own = hash16('d', delivering.deliveryId);
  const key = delivering.messageKey === undefined ? own : hash16('m', delivering.messageKey);
  const claim = await putClaim(context, mailbox, key, delivering);
  const foreign = claim !== undefined && !claim.deliveryId.equals(delivering.deliveryId);
  if (foreign && context.clock.now() - claim.timeMs > delivering.suppressMs) {
    // An older message with the same Message-ID is not this one: this delivery claims under its own id.
    const second = await putClaim(context, mailbox, own, delivering);
    return commitClaimed(context, mailbox, own, delivering, second);
  }
  return commitClaimed(context, mailbox, key, delivering, claim);
}

/** Puts the claim if absent; answers the one that is there otherwise. */
async function putClaim(
  context: LogContext,
  mailbox: Mailbox,
  key: Buffer,
  { deliveryId }: Delivering,
): Promise<Claim | undefined> {
  const base = mailbox.cached ?? (await mailbox.refresh());
  const nowMs = context.clock.now();
  const item = {
    d: deliveryId,
    s: base.head.seq,
    t: nowMs,
    x: Math.floor((nowMs + NONCE_KEEP_MS) / 1000),
  };
  for (let attempt = 0; attempt < 3; attempt++) {
    const result = await context.index.put(claimKey(mailbox.id, key), item, 'absent');
    if (result.ok) return undefined;
    const { d, s, t } = result.current ?? {};
    if (d instanceof Uint8Array && typeof s === 'number' && typeof t === 'number') {
      return { deliveryId: Buffer.from(d), seq: s, timeMs: t };
    }
  }
  throw new StoreError('unavailable', 'a delivery claim came and went');
}

async function commitClaimed(
  context: LogContext,
  mailbox: Mailbox,
  key: Buffer,
  { message }: Delivering,
  claim: Claim | undefined,
): Promise<DeliveryOutcome> {
  const nonce = createHash('sha256').update('nonce').update(key).digest().subarray(0, NONCE_BYTES);
  try {
    await mailbox.commit((view) => ({ record: appendTo(view, [message], true).record, reply: undefined }), {
      nonce,
      ...(claim && {
        isCommitted: async (base) => (await findCommitted(context, base, nonce, claim.seq)) !== undefined,
      }),
    });
    return 'delivered';
  } catch (error) {
    if (error instanceof AlreadyCommitted) return 'before';
    throw error;
  }
}

function hash16(kind: 'd' | 'm', bytes: Buffer): Buffer {
  return createHash('sha256').update(kind).update(bytes).digest().subarray(0, 16);
}
