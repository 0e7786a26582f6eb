import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { type Id, idFromBytes, idToBytes } from '../base/ids.ts';
import { deleteSegments, type Folding } from './compact.ts';
import { assertFormat } from './head.ts';
import { DAY_MS, GRACE_MS, SEGMENT_KEEP_MS } from './keep.ts';
import type { LogContext } from './log.ts';
import type { LogType } from './log-reader.ts';
import { deletePiece, getPiece, type PieceRef, putPiece } from './pieces.ts';
import {
  readAcl,
  readPieceRef,
  readQuotaRoot,
  readStrings,
  writeAcl,
  writePieceRef,
  writeQuotaRoot,
  writeStrings,
} from './tree-records.ts';
import { type Acl, type Binding, type Script, type TreeState, TreeView } from './tree-view.ts';

/** Trees with scripts; those without are still written as before, so that older versions read them (Rule 23). */
const FORMAT_SCRIPTS = 2;
const FORMAT = 1;

export function emptyTree(id: Id): TreeView {
  return new TreeView({
    id,
    seq: 0,
    bindings: new Map(),
    subscriptions: new Set(),
    lastUidValidity: 0,
    pastUidValidity: new Map(),
    quotaRoots: new Map(),
    annotations: new Map(),
    deleted: new Map(),
    scripts: new Map(),
    activeScript: undefined,
    snapshotRef: undefined,
    retired: [],
    folded: [],
  });
}

export function treeType(context: LogContext): LogType<TreeView> {
  return {
    letter: 'T',
    empty: emptyTree,
    load: async (id, head) => {
      if (head.snapId === undefined) return emptyTree(id);
      const ref = { id: head.snapId, isObject: head.snapIsObject };
      const packed = await getPiece(context, 'T', id, ref);
      return packed === undefined ? undefined : decodeTree(id, packed, ref);
    },
  };
}

/** Writes the tree as one piece; the caller then moves the head to it (Rule 7). */
export async function foldTree(context: LogContext, view: TreeView): Promise<Folding<TreeView>> {
  const nowMs = context.clock.now();
  const { state } = view;
  const next = new TreeView({
    ...state,
    retired: [
      ...state.retired.filter(({ timeMs }) => timeMs > nowMs - GRACE_MS),
      ...(state.snapshotRef === undefined ? [] : [{ ...state.snapshotRef, timeMs: nowMs }]),
    ],
    folded: [
      ...state.folded.filter(({ timeMs }) => timeMs > nowMs - SEGMENT_KEEP_MS - DAY_MS),
      { seq: view.seq, timeMs: nowMs },
    ],
  });
  const ref = await putPiece(context, 'T', state.id, encodeTree(next), { tree: state.id });
  return {
    ref,
    seq: view.seq,
    rebase: (later) => {
      // Records since have retired scripts.
      const since = later.state.retired.filter((piece) => !state.retired.some(({ id }) => id === piece.id));
      const retired = [...next.state.retired, ...since];
      return new TreeView({ ...later.state, snapshotRef: ref, retired, folded: next.state.folded });
    },
    tidy: async () => {
      for (const piece of state.retired) {
        if (piece.timeMs <= nowMs - GRACE_MS) await deletePiece(context, 'T', state.id, piece);
      }
      const old = state.folded.filter(({ timeMs }) => timeMs <= nowMs - SEGMENT_KEEP_MS);
      await deleteSegments(context, 'T', state.id, Math.max(0, ...old.map(({ seq }) => seq)));
    },
  };
}

/** The tree as its one snapshot piece. */
export function encodeTree({ state }: TreeView): Buffer {
  const to = new ByteWriter(4096).varint(state.seq).varint(state.lastUidValidity);
  const acls = internAcls(state.bindings.values());
  to.varint(acls.size);
  for (const acl of acls.values()) writeAcl(to, acl.acl);
  to.varint(state.bindings.size);
  for (const [name, binding] of state.bindings) {
    to.string(name).fixed(idToBytes(binding.mailbox)).varint(binding.uidValidity);
    writeStrings(to, binding.specialUse);
    to.varint(acls.get(aclKey(binding.acl))?.index ?? 0);
  }
  writeStrings(to, [...state.subscriptions]);
  to.varint(state.pastUidValidity.size);
  for (const [name, value] of state.pastUidValidity) to.string(name).varint(value);
  to.varint(state.quotaRoots.size);
  for (const [name, root] of state.quotaRoots) writeQuotaRoot(to.string(name), root);
  writeStrings(to, [...state.annotations].flat());
  to.varint(state.deleted.size);
  for (const [id, { name, timeMs }] of state.deleted) to.fixed(idToBytes(id)).string(name).varint(timeMs);
  to.varint(state.retired.length);
  for (const { id, isObject, timeMs } of state.retired) {
    to.fixed(idToBytes(id))
      .u8(isObject ? 1 : 0)
      .varint(timeMs);
  }
  to.varint(state.folded.length);
  for (const { seq, timeMs } of state.folded) to.varint(seq).varint(timeMs);
  if (state.scripts.size > 0) writeScripts(to, state);
  const format = state.scripts.size > 0 ? FORMAT_SCRIPTS : FORMAT;
  return Buffer.concat([Buffer.of(format), deflateRawSync(to.finish(), { level: 3 })]);
}

/** Reads what {@link encodeTree} wrote. */
export function decodeTree(id: Id, packed: Buffer, snapshotRef: PieceRef): TreeView {
  const format = packed[0] ?? 0;
  if (format !== FORMAT) assertFormat(format, FORMAT_SCRIPTS, 'a tree snapshot');
  const from = new ByteReader(inflateRawSync(packed.subarray(1)));
  const seq = from.varint();
  const lastUidValidity = from.varint();
  const acls = Array.from({ length: from.varint() }, () => readAcl(from));
  const map = <K, V>(read: () => [K, V]): Map<K, V> => new Map(Array.from({ length: from.varint() }, read));
  const bindings = map<string, Binding>(() => {
    const name = from.string();
    const mailbox = idFromBytes(from.fixed(16));
    const uidValidity = from.varint();
    const specialUse = readStrings(from);
    return [name, { mailbox, uidValidity, specialUse, acl: acls[from.varint()] ?? new Map() }];
  });
  const subscriptions = new Set(readStrings(from));
  const pastUidValidity = map<string, number>(() => [from.string(), from.varint()]);
  const quotaRoots = map(() => [from.string(), readQuotaRoot(from)]);
  const annotations = new Map<string, string>();
  const texts = readStrings(from);
  for (let i = 0; i + 1 < texts.length; i += 2) annotations.set(texts[i] ?? '', texts[i + 1] ?? '');
  const deleted = map(() => [idFromBytes(from.fixed(16)), { name: from.string(), timeMs: from.varint() }]);
  const retired = Array.from({ length: from.varint() }, () => ({
    id: idFromBytes(from.fixed(16)),
    isObject: from.u8() === 1,
    timeMs: from.varint(),
  }));
  const folded = Array.from({ length: from.varint() }, () => ({ seq: from.varint(), timeMs: from.varint() }));
  return new TreeView({
    id,
    seq,
    bindings,
    subscriptions,
    lastUidValidity,
    pastUidValidity,
    quotaRoots,
    annotations,
    deleted,
    ...readScripts(format, from),
    snapshotRef,
    retired,
    folded,
  });
}

function writeScripts(to: ByteWriter, { scripts, activeScript }: TreeState): void {
  to.varint(scripts.size);
  for (const [name, { piece, sizeBytes }] of scripts) {
    writePieceRef(to.string(name), piece);
    to.varint(sizeBytes);
  }
  to.string(activeScript ?? '');
}

function readScripts(format: number, from: ByteReader): Pick<TreeState, 'scripts' | 'activeScript'> {
  const scripts = new Map<string, Script>();
  if (format !== FORMAT_SCRIPTS) return { scripts, activeScript: undefined };
  for (let left = from.varint(); left > 0; left--) {
    scripts.set(from.string(), { piece: readPieceRef(from), sizeBytes: from.varint() });
  }
  return { scripts, activeScript: from.string() || undefined };
}

function aclKey(acl: Acl): string {
  return [...acl].flat().join('\0');
}

/** Equal ACLs are stored once (Rule 18). */
function internAcls(bindings: Iterable<Binding>): Map<string, { readonly index: number; readonly acl: Acl }> {
  const table = new Map<string, { readonly index: number; readonly acl: Acl }>();
  for (const { acl } of bindings) {
    const key = aclKey(acl);
    if (!table.has(key)) table.set(key, { index: table.size, acl });
  }
  return table;
}
