/** Where everything is (docs/store.md, Layout). Ids are 16 bytes in keys; numbers are big-endian so that they sort. */
import { type Id, idIsShared, idToBytes } from '../base/ids.ts';
import type { Key } from './ports.ts';

/** `M`: mailbox log; `T`: account tree log. */
export type LogLetter = 'M' | 'T';

const text = (value: string): Buffer => Buffer.from(value, 'utf8');
const HEAD = text('H');

/** Partition of a log, or (`O`) of a user's private state. */
export function logPk(letter: LogLetter | 'O', id: Id): Buffer {
  return Buffer.concat([text(`${letter}#`), idToBytes(id)]);
}

export function headKey(letter: LogLetter, id: Id): Key {
  return { pk: logPk(letter, id), sk: HEAD };
}

export const SEGMENT_PREFIX = text('L#');
export const LARGE_BODY_PREFIX = text('X#');
export const PIECE_PREFIX = text('P#');

/** Beside a mailbox that takes the place of one of another space: which, and how (Rule 12). */
export function crossingKey(destination: Id): Key {
  return { pk: logPk('M', destination), sk: text('MOVE') };
}

/** A flushed segment, by the seq of its last record (Rule 2). */
export function segmentSk(lastSeq: number): Buffer {
  const sk = Buffer.allocUnsafe(10);
  SEGMENT_PREFIX.copy(sk);
  sk.writeUInt16BE(Math.floor(lastSeq / 2 ** 48), 2);
  sk.writeUIntBE(lastSeq % 2 ** 48, 4, 6);
  return sk;
}

export function segmentSeq(sk: Buffer): number {
  return sk.readUInt16BE(2) * 2 ** 48 + sk.readUIntBE(4, 6);
}

/** The body of one large record, by the first 16 bytes of the SHA-256 of nonce and body (ADR 2). */
export function largeBodySk(hash16: Buffer): Buffer {
  return Buffer.concat([LARGE_BODY_PREFIX, hash16]);
}

export function pieceSk(id: Id): Buffer {
  return Buffer.concat([PIECE_PREFIX, idToBytes(id)]);
}

export function overlayKey(userId: Id, mailbox: Id): Key {
  return { pk: logPk('O', userId), sk: idToBytes(mailbox) };
}

export function claimKey(mailbox: Id, hash16: Buffer): Key {
  return { pk: Buffer.concat([text('C#'), idToBytes(mailbox)]), sk: hash16 };
}

/** A message's summary; that of a blob which several spaces share is in the item by which the space holds it (Rule 12). */
export function summaryKey(space: Id, blob: Id): Key {
  if (idIsShared(blob)) return holderKey(blob, space);
  return { pk: Buffer.concat([text('S#'), idToBytes(space)]), sk: idToBytes(blob) };
}

export function holderKey(blob: Id, space: Id): Key {
  return { pk: Buffer.concat([text('B#'), idToBytes(blob)]), sk: idToBytes(space) };
}

export function grantPk(identifier: string): Buffer {
  return text(`G#${identifier}`);
}

export function grantKey(identifier: string, tree: Id): Key {
  return { pk: grantPk(identifier), sk: idToBytes(tree) };
}

export function quotaPk(root: Id): Buffer {
  return Buffer.concat([text('Q#'), idToBytes(root)]);
}

export function quotaKey(root: Id, space: Id): Key {
  return { pk: quotaPk(root), sk: idToBytes(space) };
}

export function directoryKey(domain: string, user: string): Key {
  return { pk: text(`U#${domain}`), sk: text(user) };
}

/** Domains that have users or a shared hierarchy; what there is to sweep and audit. */
export function domainKey(domain: string): Key {
  return { pk: text('SYS'), sk: text(`DOMAIN#${domain}`) };
}

export const DOMAIN_PREFIX = text('DOMAIN#');
export const SYSTEM_PK = text('SYS');

export function systemKey(name: string): Key {
  return { pk: SYSTEM_PK, sk: text(name) };
}

export function markKey(userId: Id, hash16: Buffer): Key {
  return { pk: Buffer.concat([text('V#'), idToBytes(userId)]), sk: hash16 };
}

export function throttleKey(subject: string): Key {
  return { pk: text(`N#${subject}`), sk: text('-') };
}

/** UTC hour of an id's birth, `yyyymmddhh`: the folder under which its object lies. */
function hourOf(id: Id): string {
  const hour = Math.floor(Number.parseInt(id.slice(0, 12), 16) / HOUR_MS);
  if (hour !== lastHour.hour) {
    const text = new Date(hour * HOUR_MS).toISOString().replace(/[-T]/g, '').slice(0, 10);
    lastHour = { hour, text };
  }
  return lastHour.text;
}

const HOUR_MS = 3_600_000;
/** Neighbours in a mailbox are mostly of one hour, and formatting a date costs more than reading a small blob's name. */
let lastHour = { hour: -1, text: '' };

/** What the sweep remembers of a space, log or shared blobs: its state, and what it found unreferenced (Rule 9). */
export function sweepPk(owner: Id): Buffer {
  return Buffer.concat([text('W#'), idToBytes(owner)]);
}

export function sweepStateKey(space: Id): Key {
  return { pk: sweepPk(space), sk: text('-') };
}

/** Since when something is known to be unreferenced; `kind` is one letter, so that kinds sort apart. */
export function sweepNoteSk(kind: string, id: string): Buffer {
  return Buffer.concat([text(kind), Buffer.from(id, 'hex')]);
}

/** Who sweeps now. */
export const SWEEP_LEASE: Key = { pk: text('K#sweep'), sk: text('-') };

/** Whose POP3 session has the mailbox, and when the last one began. */
export function maildropKey(mailbox: Id): Key {
  return { pk: Buffer.concat([text('K#pop3#'), idToBytes(mailbox)]), sk: text('-') };
}

export const MESSAGES = 'm/';
export const PIECES = 'p/';
export const SHARED_MESSAGES = 's/';
export const HOLDERS = 'h/';
export const CHECKPOINTS = 'c/';

/** The object that is one message. A shared blob (Rule 12) lies outside every space. */
export function messageBlobKey(space: Id, blob: Id): string {
  return idIsShared(blob) ? `${SHARED_MESSAGES}${hourOf(blob)}/${blob}` : `${MESSAGES}${space}/${hourOf(blob)}/${blob}`;
}

/** A snapshot piece, manifest or large record body too big for an item; beside its mailbox, so that a sweep can list it. */
export function pieceBlobKey(owner: Id, piece: Id): string {
  return `${PIECES}${owner}/${hourOf(piece)}/${piece}`;
}

/** The spaces that hold a shared blob, where they are too many for its metadata (Rule 21). */
export function holdersBlobKey(blob: Id): string {
  return `${HOLDERS}${hourOf(blob)}/${blob}`;
}

/** One checkpoint of an account (Rule 21), by its time. */
export function checkpointKey(tree: Id, checkpoint: Id): string {
  return `${CHECKPOINTS}${tree}/${hourOf(checkpoint)}/${checkpoint}`;
}

/** What the last checkpoint of a space's account was made of; beside what the sweep remembers of it. */
export function checkpointStateKey(space: Id): Key {
  return { pk: sweepPk(space), sk: text('-checkpoint') };
}

/** Who writes checkpoints now. */
export const CHECKPOINT_LEASE: Key = { pk: text('K#checkpoint'), sk: text('-') };

/** An index is being rebuilt: nothing may be served from it. */
export const RECONSTRUCT: Key = systemKey('RECONSTRUCT');
/** An index that was put back in time is being made fit to be served. */
export const RESTORE: Key = systemKey('RESTORE');
