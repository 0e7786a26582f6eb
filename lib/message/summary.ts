import { type MessageDate, parseDate } from './date.ts';
import { type Envelope, readEnvelope } from './envelope.ts';
import { firstValue } from './header.ts';
import { maxReferences } from './limits.ts';
import type { Part } from './part.ts';
import { previewOf } from './preview.ts';
import type { Structure } from './structure.ts';

/** All that lists, searches and threads need to know of a message, so that its bytes need not be read again. */
export interface Summary {
  readonly envelope: Envelope;
  readonly structure: Part;
  readonly sizeBytes: number;
  /** The message's own header block, its blank line included. */
  readonly headerBytes: number;
  readonly preview: string;
  /** Ids of the messages this one answers, the oldest first, in angle brackets (RFC 5256 §3, REFERENCES). */
  readonly references: readonly string[];
  readonly sentDate: MessageDate | undefined;
}

/** Sums up a parsed message. */
export function summarize({ root, header, samples, sizeBytes }: Structure): Summary {
  const envelope = readEnvelope(header);
  return {
    envelope,
    structure: root,
    sizeBytes,
    headerBytes: root.bodyStart - root.headerStart,
    preview: previewOf(samples),
    references: referencesOf(firstValue(header, 'references'), envelope.inReplyTo),
    sentDate: envelope.date === undefined ? undefined : parseDate(envelope.date),
  };
}

/** RFC 5256 §3: the ids of References, or the first of In-Reply-To when References has none. */
function referencesOf(references: string | undefined, inReplyTo: string | undefined): string[] {
  const ids = messageIds(references ?? '');
  if (ids.length === 0) return messageIds(inReplyTo ?? '').slice(0, 1);
  // Of an endless chain the root joins the thread together and the nearest place it.
  return ids.length <= maxReferences ? ids : [...ids.slice(0, 1), ...ids.slice(1 - maxReferences)];
}

/** The message ids in a text (RFC 5322 §3.6.4), each with its angle brackets and without white space inside. */
export function messageIds(text: string): string[] {
  const ids = new Set<string>();
  for (const [id] of text.matchAll(/<[^<>]+>/g)) if (id.includes('@')) ids.add(id.replace(/\s+/g, ''));
  return [...ids];
}
