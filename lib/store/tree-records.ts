import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { type Id, idFromBytes, idToBytes } from '../base/ids.ts';
import type { PieceRef } from './pieces.ts';
import type { RecordDraft } from './record.ts';
import type { Acl, QuotaRoot } from './tree-view.ts';

/** Kinds of a tree's records. Numbers are stored: never change one. */
export const BIND = 1;
export const UNBIND = 2;
export const RENAME = 3;
export const SUBSCRIBE = 4;
export const SET_ACL = 5;
export const SET_SPECIAL_USE = 6;
export const SET_QUOTA = 7;
export const ANNOTATE = 8;
export const FORGET_DELETED = 9;
export const PUT_SCRIPT = 10;
export const DELETE_SCRIPT = 11;
export const RENAME_SCRIPT = 12;
export const ACTIVATE_SCRIPT = 13;

export interface BindBody {
  readonly name: string;
  readonly mailbox: Id;
  readonly specialUse: readonly string[];
  readonly acl: Acl;
}

export interface RenameBody {
  readonly from: string;
  readonly to: string;
  /** RENAME of INBOX: the empty mailbox that is INBOX from now on (Rule 5). */
  readonly newInbox: Id | undefined;
}

export interface SetAclBody {
  readonly name: string;
  readonly identifier: string;
  /** Undefined removes the identifier. */
  readonly rights: string | undefined;
}

/** A Sieve script by name; its text is a piece of the tree, put before the record (Rule 7). */
export interface PutScriptBody {
  readonly name: string;
  readonly piece: PieceRef;
  readonly sizeBytes: number;
}

export function writeStrings(to: ByteWriter, texts: readonly string[]): void {
  to.varint(texts.length);
  for (const text of texts) to.string(text);
}

export function readStrings(from: ByteReader): string[] {
  return Array.from({ length: from.varint() }, () => from.string());
}

export function writeAcl(to: ByteWriter, acl: Acl): void {
  writeStrings(to, [...acl].flat());
}

export function readAcl(from: ByteReader): Acl {
  const texts = readStrings(from);
  const acl = new Map<string, string>();
  for (let i = 0; i + 1 < texts.length; i += 2) acl.set(texts[i] ?? '', texts[i + 1] ?? '');
  return acl;
}

export function writeQuotaRoot(to: ByteWriter, root: QuotaRoot): void {
  to.fixed(idToBytes(root.id))
    .varint(root.storageKib === undefined ? 0 : root.storageKib + 1)
    .varint(root.messages === undefined ? 0 : root.messages + 1);
}

export function readQuotaRoot(from: ByteReader): QuotaRoot {
  const id = idFromBytes(from.fixed(16));
  const [storage, messages] = [from.varint(), from.varint()];
  return {
    id,
    storageKib: storage === 0 ? undefined : storage - 1,
    messages: messages === 0 ? undefined : messages - 1,
  };
}

export function bindRecord(body: BindBody): RecordDraft {
  const to = new ByteWriter().string(body.name).fixed(idToBytes(body.mailbox));
  writeStrings(to, body.specialUse);
  writeAcl(to, body.acl);
  return { kind: BIND, body: to.finish() };
}

export function readBind(packed: Buffer): BindBody {
  const from = new ByteReader(packed);
  const name = from.string();
  const mailbox = idFromBytes(from.fixed(16));
  return { name, mailbox, specialUse: readStrings(from), acl: readAcl(from) };
}

export function unbindRecord(name: string): RecordDraft {
  return { kind: UNBIND, body: new ByteWriter().string(name).finish() };
}

export function readName(packed: Buffer): string {
  return new ByteReader(packed).string();
}

export function renameRecord({ from, to, newInbox }: RenameBody): RecordDraft {
  const out = new ByteWriter().string(from).string(to);
  out.bytes(newInbox === undefined ? Buffer.alloc(0) : idToBytes(newInbox));
  return { kind: RENAME, body: out.finish() };
}

export function readRename(packed: Buffer): RenameBody {
  const reader = new ByteReader(packed);
  const [from, to] = [reader.string(), reader.string()];
  const inbox = reader.bytes();
  return { from, to, newInbox: inbox.length === 0 ? undefined : idFromBytes(inbox) };
}

export function subscribeRecord(name: string, on: boolean): RecordDraft {
  return {
    kind: SUBSCRIBE,
    body: new ByteWriter()
      .string(name)
      .u8(on ? 1 : 0)
      .finish(),
  };
}

export function readSubscribe(packed: Buffer): { readonly name: string; readonly on: boolean } {
  const from = new ByteReader(packed);
  return { name: from.string(), on: from.u8() === 1 };
}

export function setAclRecord({ name, identifier, rights }: SetAclBody): RecordDraft {
  const to = new ByteWriter().string(name).string(identifier);
  writeStrings(to, rights === undefined ? [] : [rights]);
  return { kind: SET_ACL, body: to.finish() };
}

export function readSetAcl(packed: Buffer): SetAclBody {
  const from = new ByteReader(packed);
  const [name, identifier] = [from.string(), from.string()];
  return { name, identifier, rights: readStrings(from)[0] };
}

export function specialUseRecord(name: string, specialUse: readonly string[]): RecordDraft {
  const to = new ByteWriter().string(name);
  writeStrings(to, specialUse);
  return { kind: SET_SPECIAL_USE, body: to.finish() };
}

export function readSpecialUse(packed: Buffer): { readonly name: string; readonly specialUse: readonly string[] } {
  const from = new ByteReader(packed);
  return { name: from.string(), specialUse: readStrings(from) };
}

/** Sets or, without a root, removes the quota root on a name ('' is the whole tree). */
export function setQuotaRecord(name: string, root: QuotaRoot | undefined): RecordDraft {
  const to = new ByteWriter().string(name).u8(root === undefined ? 0 : 1);
  if (root !== undefined) writeQuotaRoot(to, root);
  return { kind: SET_QUOTA, body: to.finish() };
}

export function readSetQuota(packed: Buffer): { readonly name: string; readonly root: QuotaRoot | undefined } {
  const from = new ByteReader(packed);
  const name = from.string();
  return { name, root: from.u8() === 0 ? undefined : readQuotaRoot(from) };
}

export function annotationKey(name: string, entry: string): string {
  return `${name}\0${entry}`;
}

export function annotateRecord(name: string, entry: string, value: string | undefined): RecordDraft {
  const to = new ByteWriter().string(annotationKey(name, entry));
  writeStrings(to, value === undefined ? [] : [value]);
  return { kind: ANNOTATE, body: to.finish() };
}

export function readAnnotate(packed: Buffer): { readonly key: string; readonly value: string | undefined } {
  const from = new ByteReader(packed);
  return { key: from.string(), value: readStrings(from)[0] };
}

/** The deleted mailboxes are gone for good: their items and blobs may go. */
export function forgetDeletedRecord(ids: readonly Id[]): RecordDraft {
  const to = new ByteWriter(ids.length * 16 + 4).varint(ids.length);
  for (const id of ids) to.fixed(idToBytes(id));
  return { kind: FORGET_DELETED, body: to.finish() };
}

export function readIds(packed: Buffer): Id[] {
  const from = new ByteReader(packed);
  return Array.from({ length: from.varint() }, () => idFromBytes(from.fixed(16)));
}

export function writePieceRef(to: ByteWriter, { id, isObject }: PieceRef): void {
  to.fixed(idToBytes(id)).u8(isObject ? 1 : 0);
}

export function readPieceRef(from: ByteReader): PieceRef {
  return { id: idFromBytes(from.fixed(16)), isObject: from.u8() === 1 };
}

export function putScriptRecord({ name, piece, sizeBytes }: PutScriptBody): RecordDraft {
  const to = new ByteWriter().string(name);
  writePieceRef(to, piece);
  return { kind: PUT_SCRIPT, body: to.varint(sizeBytes).finish() };
}

export function readPutScript(packed: Buffer): PutScriptBody {
  const from = new ByteReader(packed);
  return { name: from.string(), piece: readPieceRef(from), sizeBytes: from.varint() };
}

export function deleteScriptRecord(name: string): RecordDraft {
  return { kind: DELETE_SCRIPT, body: new ByteWriter().string(name).finish() };
}

export function renameScriptRecord(from: string, to: string): RecordDraft {
  return { kind: RENAME_SCRIPT, body: new ByteWriter().string(from).string(to).finish() };
}

export function readRenameScript(packed: Buffer): { readonly from: string; readonly to: string } {
  const reader = new ByteReader(packed);
  return { from: reader.string(), to: reader.string() };
}

/** The script that is run from now on; '' for none. */
export function activateScriptRecord(name: string): RecordDraft {
  return { kind: ACTIVATE_SCRIPT, body: new ByteWriter().string(name).finish() };
}
