import { createHash } from 'node:crypto';
import type { Gist } from './gist.ts';

/**
 * THREADID (RFC 8474 §5.2): the same for all messages that name the same first reference, and for that message itself.
 * Made of the message alone, so that it never changes; undefined when the message has no ids.
 */
export function threadId({ messageId, references }: Pick<Gist, 'messageId' | 'references'>): string | undefined {
  const root = references[0] ?? messageId;
  return root === undefined ? undefined : createHash('sha256').update(root).digest('hex').slice(0, 32);
}
