import { type Id, idFromBytes, idToBytes } from '../base/ids.ts';
import type { BlobMetadata } from './ports.ts';

/**
 * What an object says of the message in it (Rule 21): known at its first byte, and enough to give the message a mailbox
 * again when the index is lost. Together within the 1.8 KB of the port, also when S3 must pack them.
 */
export interface BlobOrigin {
  /** Spaces that hold it, as far as they fit; of a blob that is in one space its key tells. */
  readonly spaces: readonly Id[];
  /** Whether there are more spaces than fit: the list is an object beside the message. */
  readonly hasMoreSpaces: boolean;
  /** The mailbox that it was put into by APPEND or an import; undefined: it was delivered. */
  readonly mailbox: Id | undefined;
  /** INTERNALDATE, seconds since 1970, where it is not the time of arrival. */
  readonly internalDate: number | undefined;
  readonly flags: readonly string[];
}

const MAX_SENDER_BYTES = 200;
const MAX_RECIPIENT_BYTES = 500;
const MAX_NAME_BYTES = 300;
const MAX_FLAGS_BYTES = 300;
/** Spaces that a shared blob's metadata names; more are in an object of their own. */
export const MAX_SPACES = 32;

/** Of a delivered message: who sent it to whom; what does not fit is cut off. */
export function deliveredOrigin(sender: string, recipients: readonly string[]): BlobMetadata {
  return withoutEmpty({
    sender: cut(sender, MAX_SENDER_BYTES),
    recipients: cut(recipients.join(','), MAX_RECIPIENT_BYTES),
  });
}

export interface AppendedOrigin {
  /** User name of the mailbox's owner, and the mailbox's name there: for people. */
  readonly owner: string;
  readonly name: string;
  readonly mailbox: Id;
  readonly internalDate: number;
  readonly flags: readonly string[];
}

/** Of a message that a client or an import puts into a mailbox; flags that do not fit are left out. */
export function appendedOrigin({ owner, name, mailbox, internalDate, flags }: AppendedOrigin): BlobMetadata {
  let texts = '';
  for (const flag of flags) {
    const longer = texts === '' ? flag : `${texts} ${flag}`;
    if (Buffer.byteLength(longer) <= MAX_FLAGS_BYTES) texts = longer;
  }
  return withoutEmpty({
    owner: cut(owner, MAX_NAME_BYTES),
    name: cut(name, MAX_NAME_BYTES),
    mailbox,
    date: String(internalDate),
    flags: texts,
  });
}

/** The spaces that hold a shared blob, to go with the rest. */
export function sharedOrigin(spaces: readonly Id[]): BlobMetadata {
  const named = spaces.slice(0, MAX_SPACES);
  return {
    spaces: Buffer.concat(named.map(idToBytes)).toString('base64url'),
    ...(spaces.length > MAX_SPACES && { 'more-spaces': String(spaces.length) }),
  };
}

/** Reads what the above wrote; of other metadata, or older, what it understands. */
export function readOrigin(metadata: BlobMetadata): BlobOrigin {
  const { spaces = '', mailbox = '', date = '', flags = '' } = metadata;
  return {
    spaces: idsOf(Buffer.from(spaces, 'base64url')),
    hasMoreSpaces: metadata['more-spaces'] !== undefined,
    mailbox: /^[0-9a-f]{32}$/.test(mailbox) ? (mailbox as Id) : undefined,
    internalDate: /^\d{1,12}$/.test(date) ? Number(date) : undefined,
    flags: flags === '' ? [] : flags.split(' '),
  };
}

const LIST_FORMAT = 1;

/** All the spaces of a shared blob that has more than its metadata names, as an object. */
export function encodeSpaces(spaces: readonly Id[]): Buffer {
  return Buffer.concat([Buffer.of(LIST_FORMAT), ...spaces.map(idToBytes)]);
}

/** Undefined: of another format. */
export function decodeSpaces(packed: Buffer): readonly Id[] | undefined {
  return packed[0] === LIST_FORMAT ? idsOf(packed.subarray(1)) : undefined;
}

function idsOf(bytes: Buffer): Id[] {
  return Array.from({ length: Math.floor(bytes.length / 16) }, (_, i) => idFromBytes(bytes.subarray(16 * i)));
}

/** At most so many bytes of UTF-8, cut between characters. */
export function cut(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  let end = Math.min(bytes.length, maxBytes);
  while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

function withoutEmpty(metadata: BlobMetadata): BlobMetadata {
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== ''));
}
