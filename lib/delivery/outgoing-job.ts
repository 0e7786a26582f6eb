import type { Id } from '../base/ids.ts';
import type { User } from '../store/directory.ts';
import { StoreError } from '../store/errors.ts';

/** A message to be sent to one address. */
export interface OutgoingMessage {
  /** `redirect`, `vacation`, `reject`, `notify`, `outbox`. */
  readonly kind: string;
  /** Envelope sender; '' is the null reverse-path. */
  readonly sender: string;
  readonly to: string;
  /** The message, or what goes before the bytes of the blob. */
  readonly head: Uint8Array;
  /** A message of the user's space, from `start` on. */
  readonly blob?: { readonly id: Id; readonly start: number; readonly sizeBytes: number };
  readonly dsn?: { readonly notify?: string; readonly ret?: string };
}

/** The same as it waits in a job. */
export interface OutgoingJob extends OutgoingMessage {
  readonly user: Pick<User, 'id' | 'name' | 'tree' | 'space'>;
  /** Name of its claim, in hex. */
  readonly claim: string;
  readonly queuedMs: number;
}

const FORMAT = 1;

/** A job's body: JSON with a format number (Rule 23). */
export function encodeOutgoing(job: OutgoingJob): Buffer {
  const { id, name, tree, space } = job.user;
  const head = Buffer.from(job.head).toString('base64');
  return Buffer.from(JSON.stringify({ ...job, user: { id, name, tree, space }, head, format: FORMAT }), 'utf8');
}

/** Fails with `format` for a body that a newer version has written. */
export function decodeOutgoing(body: Uint8Array): OutgoingJob {
  const { format, head, ...job } = JSON.parse(Buffer.from(body).toString('utf8'));
  if (format !== FORMAT)
    throw new StoreError('format', `outgoing mail has the unknown format ${format}: upgrade first`);
  return { ...job, head: Buffer.from(head, 'base64') };
}
