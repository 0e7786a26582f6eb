import { createHash } from 'node:crypto';
import { messageIds, type Summary } from '../message/summary.ts';
import { normalId } from './gist.ts';

/**
 * THREADID (RFC 8474 §5.2): the same for all messages that name the same first reference, and for that message itself.
 * Made of the message alone, so that it never changes; undefined when the message has no ids.
 */
export function threadId({ envelope, references }: Pick<Summary, 'envelope' | 'references'>): string | undefined {
  const root = references[0] ?? messageIds(envelope.messageId ?? '')[0];
  return root === undefined ? undefined : createHash('sha256').update(normalId(root)).digest('hex').slice(0, 32);
}
