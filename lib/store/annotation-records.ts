import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { ByteReader, ByteWriter, FormatError } from '../base/bytes.ts';
import { APPEND, readAppend } from './mailbox-records.ts';
import type { LogRecord, RecordDraft } from './record.ts';
import { UidSet } from './uid-set.ts';

/** Kinds of a mailbox's records, beside those of mailbox-records.ts. Numbers are stored: never change one. */
export const ANNOTATE = 10;
export const ANNOTATED_APPEND = 11;

/** Whose an annotation of a message is, and which (RFC 5257 §3.2): a user's id or '' for all users, NUL, the entry. */
export type AnnotationKey = string;

/** Values by key; undefined: none any more. */
export type AnnotationValues = ReadonlyMap<AnnotationKey, Buffer | undefined>;

/** Every message of the set has these values from now on, and keeps its others. */
export interface AnnotationGroup {
  readonly uids: UidSet;
  readonly values: AnnotationValues;
}

/** Longer bodies are worth deflating. */
const DEFLATE_BYTES = 256;

export function annotateRecord(groups: readonly AnnotationGroup[]): RecordDraft {
  return { kind: ANNOTATE, body: packGroups(groups) };
}

export function readAnnotate(body: Buffer): AnnotationGroup[] {
  return unpackGroups(body);
}

/** Messages that come with annotations: the body of an {@link APPEND}, and what its messages have. */
export interface AnnotatedAppendBody {
  readonly append: Buffer;
  readonly groups: readonly AnnotationGroup[];
}

export function annotatedAppendRecord({ append, groups }: AnnotatedAppendBody): RecordDraft {
  return { kind: ANNOTATED_APPEND, body: new ByteWriter().bytes(append).bytes(packGroups(groups)).finish() };
}

export function readAnnotatedAppend(body: Buffer): AnnotatedAppendBody {
  const from = new ByteReader(body);
  return { append: Buffer.from(from.bytes()), groups: unpackGroups(from.bytes()) };
}

/** The messages that a record of either kind appends. */
export function appendedBy({ kind, body }: Pick<LogRecord, 'kind' | 'body'>): ReturnType<typeof readAppend> {
  if (kind === ANNOTATED_APPEND) return readAppend(readAnnotatedAppend(body).append);
  if (kind !== APPEND) throw new FormatError(`a record of kind ${kind} appends nothing`);
  return readAppend(body);
}

function packGroups(groups: readonly AnnotationGroup[]): Buffer {
  const to = new ByteWriter().varint(groups.length);
  for (const { uids, values } of groups) {
    uids.write(to);
    to.varint(values.size);
    for (const [key, value] of values) {
      to.string(key).u8(value === undefined ? 0 : 1);
      if (value !== undefined) to.bytes(value);
    }
  }
  const plain = to.finish();
  const deflate = plain.length > DEFLATE_BYTES;
  return Buffer.concat([Buffer.of(deflate ? 1 : 0), deflate ? deflateRawSync(plain, { level: 3 }) : plain]);
}

function unpackGroups(packed: Buffer): AnnotationGroup[] {
  const from = new ByteReader(packed[0] === 1 ? inflateRawSync(packed.subarray(1)) : packed.subarray(1));
  return Array.from({ length: from.varint() }, () => {
    const uids = UidSet.read(from);
    const values = new Map<AnnotationKey, Buffer | undefined>();
    for (let n = from.varint(); n > 0; n--) {
      const key = from.string();
      values.set(key, from.u8() === 0 ? undefined : Buffer.from(from.bytes()));
    }
    return { uids, values };
  });
}
