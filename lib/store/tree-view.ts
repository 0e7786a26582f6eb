import { ByteReader, ByteWriter, FormatError } from '../base/bytes.ts';
import { type Id, idFromBytes, idToBytes } from '../base/ids.ts';
import { StoreError } from './errors.ts';
import type { LogView } from './log-reader.ts';
import type { PieceRef } from './pieces.ts';
import { type LogRecord, unknownKind } from './record.ts';
import * as kinds from './tree-records.ts';

/** Rights by identifier, e.g. `anna` -> `lrs` (RFC 4314); a leading `-` takes rights away. */
export type Acl = ReadonlyMap<string, string>;

/** A name and the mailbox bound to it. */
export interface Binding {
  readonly mailbox: Id;
  /** Belongs to the binding, not to the mailbox (Rule 6). */
  readonly uidValidity: number;
  /** `\Sent`, `\Trash`, ... (RFC 6154). */
  readonly specialUse: readonly string[];
  readonly acl: Acl;
}

/** Limits of a quota root; usage is counted under its id (Rule 19). */
export interface QuotaRoot {
  readonly id: Id;
  /** KiB; undefined: no limit. */
  readonly storageKib: number | undefined;
  readonly messages: number | undefined;
}

/** A mailbox that was deleted: kept for the grace, then removed by the sweep (Rule 9). */
export interface DeletedMailbox {
  readonly name: string;
  readonly timeMs: number;
}

/** A Sieve script; its text is a piece of the tree. */
export interface Script {
  readonly piece: PieceRef;
  readonly sizeBytes: number;
}

export interface TreeState {
  readonly id: Id;
  readonly seq: number;
  readonly bindings: ReadonlyMap<string, Binding>;
  readonly subscriptions: ReadonlySet<string>;
  /** Counter of UIDVALIDITY: the last value given. */
  readonly lastUidValidity: number;
  /** The last value of names that were unbound, also when they are bound again: what is full stays full (Rule 6). */
  readonly pastUidValidity: ReadonlyMap<string, number>;
  readonly quotaRoots: ReadonlyMap<string, QuotaRoot>;
  /** Values by name, then entry (RFC 5464); the tree itself is the name ''. */
  readonly annotations: ReadonlyMap<string, string>;
  readonly deleted: ReadonlyMap<Id, DeletedMailbox>;
  readonly scripts: ReadonlyMap<string, Script>;
  /** Name of the script that is run for new mail. */
  readonly activeScript: string | undefined;
  readonly snapshotRef: PieceRef | undefined;
  readonly retired: readonly (PieceRef & { readonly timeMs: number })[];
  readonly folded: readonly { readonly seq: number; readonly timeMs: number }[];
}

/** Names of unbound mailboxes whose UIDVALIDITY is remembered; beyond that a new value is given (Rule 6). */
export const MAX_PAST_NAMES = 10_000;
export const SEPARATOR = '/';
export const INBOX = 'INBOX';

/** An account's names, or those of a shared hierarchy, at one seq. Immutable. */
export class TreeView implements LogView<TreeView> {
  readonly state: TreeState;

  constructor(state: TreeState) {
    this.state = state;
  }

  get seq(): number {
    return this.state.seq;
  }

  /** The snapshot that the view rests on. */
  get snapshotId(): Id | undefined {
    return this.state.snapshotRef?.id;
  }

  binding(name: string): Binding | undefined {
    return this.state.bindings.get(name);
  }

  /** Bound names below this one. */
  children(name: string): string[] {
    return [...this.state.bindings.keys()].filter((other) => other.startsWith(`${name}${SEPARATOR}`));
  }

  /** The quota root that counts for a name: the nearest above it. */
  quotaRootOf(name: string): { readonly name: string; readonly root: QuotaRoot } | undefined {
    for (let at: string | undefined = name; at !== undefined; at = parentOf(at)) {
      const root = this.state.quotaRoots.get(at);
      if (root !== undefined) return { name: at, root };
    }
    const root = this.state.quotaRoots.get('');
    return root === undefined ? undefined : { name: '', root };
  }

  headExtra(): Buffer {
    const inbox = this.binding(INBOX);
    const script = this.state.scripts.get(this.state.activeScript ?? '')?.piece;
    return encodeTreeExtra({ inbox: inbox?.mailbox, quota: this.quotaRootOf(INBOX)?.root, script });
  }

  apply(record: LogRecord): TreeView {
    if (record.seq !== this.seq + 1) throw new FormatError(`record ${record.seq} after ${this.seq}`);
    return new TreeView({ ...this.state, ...this.#change(record), seq: record.seq });
  }

  #change(record: LogRecord): Partial<TreeState> {
    const { body } = record;
    switch (record.kind) {
      case kinds.BIND:
        return this.#bind(record);
      case kinds.UNBIND:
        return this.#unbind(kinds.readName(body), record.timeMs);
      case kinds.RENAME:
        return this.#rename(record);
      case kinds.SUBSCRIBE: {
        const { name, on } = kinds.readSubscribe(body);
        const subscriptions = new Set(this.state.subscriptions);
        if (on) subscriptions.add(name);
        else subscriptions.delete(name);
        return { subscriptions };
      }
      case kinds.SET_ACL:
        return this.#setAcl(kinds.readSetAcl(body));
      case kinds.SET_SPECIAL_USE: {
        const { name, specialUse } = kinds.readSpecialUse(body);
        return this.#rebind(name, (binding) => ({ ...binding, specialUse }));
      }
      case kinds.SET_QUOTA: {
        const { name, root } = kinds.readSetQuota(body);
        const quotaRoots = new Map(this.state.quotaRoots);
        if (root === undefined) quotaRoots.delete(name);
        else quotaRoots.set(name, root);
        return { quotaRoots };
      }
      case kinds.ANNOTATE: {
        const { key, value } = kinds.readAnnotate(body);
        const annotations = new Map(this.state.annotations);
        if (value === undefined) annotations.delete(key);
        else annotations.set(key, value);
        return { annotations };
      }
      case kinds.FORGET_DELETED: {
        const deleted = new Map(this.state.deleted);
        for (const id of kinds.readIds(body)) deleted.delete(id);
        return { deleted };
      }
      case kinds.PUT_SCRIPT: {
        const { name, piece, sizeBytes } = kinds.readPutScript(body);
        const scripts = new Map(this.state.scripts).set(name, { piece, sizeBytes });
        return { scripts, retired: this.#retiredWith(name, record.timeMs) };
      }
      case kinds.DELETE_SCRIPT: {
        const name = kinds.readName(body);
        return { scripts: withoutKey(this.state.scripts, name), retired: this.#retiredWith(name, record.timeMs) };
      }
      case kinds.RENAME_SCRIPT:
        return this.#renameScript(kinds.readRenameScript(body));
      case kinds.ACTIVATE_SCRIPT:
        return { activeScript: kinds.readName(body) || undefined };
      default:
        throw unknownKind('tree', record.kind);
    }
  }

  #bind(record: LogRecord): Partial<TreeState> {
    const { name, mailbox, specialUse, acl } = kinds.readBind(record.body);
    const uidValidity = nextUidValidity(this.state.lastUidValidity, record.timeMs);
    const bindings = new Map(this.state.bindings).set(name, { mailbox, uidValidity, specialUse, acl });
    return { bindings, lastUidValidity: uidValidity };
  }

  #unbind(name: string, timeMs: number): Partial<TreeState> {
    const binding = this.binding(name);
    if (binding === undefined) return {};
    return {
      bindings: withoutKey(this.state.bindings, name),
      pastUidValidity: remember(new Map(this.state.pastUidValidity), name, binding.uidValidity),
      deleted: new Map(this.state.deleted).set(binding.mailbox, { name, timeMs }),
    };
  }

  /** The whole subtree in one record; RENAME of INBOX leaves its children and binds a new mailbox (Rule 5). */
  #rename(record: LogRecord): Partial<TreeState> {
    const { from, to, newInbox } = kinds.readRename(record.body);
    const bindings = new Map(this.state.bindings);
    const past = new Map(this.state.pastUidValidity);
    let last = this.state.lastUidValidity;
    const moving = from === INBOX ? [INBOX] : [from, ...this.children(from)].filter((name) => bindings.has(name));
    for (const name of moving) {
      const binding = bindings.get(name) as Binding;
      bindings.delete(name);
      remember(past, name, binding.uidValidity);
      const target = `${to}${name.slice(from.length)}`;
      let { uidValidity } = binding;
      // Rule 6: kept, unless the new name ever had an equal or higher one (or may have, and we have forgotten).
      const had = past.get(target) ?? (past.size >= MAX_PAST_NAMES ? Number.POSITIVE_INFINITY : 0);
      if (had >= uidValidity) uidValidity = last = nextUidValidity(last, record.timeMs);
      bindings.set(target, { ...binding, uidValidity, specialUse: from === INBOX ? [] : binding.specialUse });
    }
    if (newInbox !== undefined) {
      last = nextUidValidity(last, record.timeMs);
      const acl = this.binding(INBOX)?.acl ?? new Map();
      bindings.set(INBOX, { mailbox: newInbox, uidValidity: last, specialUse: [], acl });
    }
    return { bindings, pastUidValidity: past, lastUidValidity: last, ...this.#renameBeside(from, to) };
  }

  /** What goes by name moves along: annotations and quota roots; subscriptions do not (RFC 9051 §6.3.6). */
  #renameBeside(from: string, to: string): Partial<TreeState> {
    if (from === INBOX) return {};
    const moved = (name: string): string =>
      name === from || name.startsWith(`${from}${SEPARATOR}`) ? `${to}${name.slice(from.length)}` : name;
    return {
      quotaRoots: new Map([...this.state.quotaRoots].map(([name, root]) => [moved(name), root])),
      annotations: new Map(
        [...this.state.annotations].map(([key, value]) => {
          const [name = '', entry = ''] = key.split('\0');
          return [kinds.annotationKey(moved(name), entry), value];
        }),
      ),
    };
  }

  #setAcl({ name, identifier, rights }: kinds.SetAclBody): Partial<TreeState> {
    return this.#rebind(name, (binding) => {
      const acl = new Map(binding.acl);
      if (rights === undefined) acl.delete(identifier);
      else acl.set(identifier, rights);
      return { ...binding, acl };
    });
  }

  /** The text of a script that is replaced or deleted waits like other superseded pieces (Rule 9). */
  #retiredWith(name: string, timeMs: number): TreeState['retired'] {
    const script = this.state.scripts.get(name);
    return script === undefined ? this.state.retired : [...this.state.retired, { ...script.piece, timeMs }];
  }

  #renameScript({ from, to }: { readonly from: string; readonly to: string }): Partial<TreeState> {
    const { scripts, activeScript } = this.state;
    const renamed = new Map([...scripts].map(([name, script]) => [name === from ? to : name, script]));
    return { scripts: renamed, activeScript: activeScript === from ? to : activeScript };
  }

  #rebind(name: string, change: (binding: Binding) => Binding): Partial<TreeState> {
    const binding = this.binding(name);
    return binding === undefined ? {} : { bindings: new Map(this.state.bindings).set(name, change(binding)) };
  }
}

/** The name above; undefined at the top. */
export function parentOf(name: string): string | undefined {
  const at = name.lastIndexOf(SEPARATOR);
  return at < 0 ? undefined : name.slice(0, at);
}

/** Grows with time, and always (Rule 6). */
function nextUidValidity(last: number, timeMs: number): number {
  return Math.max(Math.floor(timeMs / 1000), last + 1);
}

function remember(past: Map<string, number>, name: string, uidValidity: number): Map<string, number> {
  past.delete(name);
  past.set(name, uidValidity);
  for (const oldest of past.keys()) {
    if (past.size <= MAX_PAST_NAMES) break;
    past.delete(oldest);
  }
  return past;
}

function withoutKey<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const next = new Map(map);
  next.delete(key);
  return next;
}

/** What a tree's head tells without its view: where mail for the user goes, and against which limits. */
export interface TreeExtra {
  readonly inbox: Id | undefined;
  readonly quota: QuotaRoot | undefined;
  /** The text of the active script. */
  readonly script: PieceRef | undefined;
}

export function encodeTreeExtra({ inbox, quota, script }: TreeExtra): Buffer {
  const bits = (inbox === undefined ? 0 : 1) | (quota === undefined ? 0 : 2) | (script === undefined ? 0 : 4);
  const to = new ByteWriter(64).u8(bits);
  if (inbox !== undefined) to.fixed(idToBytes(inbox));
  if (quota !== undefined) kinds.writeQuotaRoot(to, quota);
  if (script !== undefined) kinds.writePieceRef(to, script);
  return to.finish();
}

export function decodeTreeExtra(extra: Buffer): TreeExtra {
  const from = new ByteReader(extra);
  const bits = from.remaining === 0 ? 0 : from.u8();
  // Rule 23: what a newer version lays down here cannot be guessed.
  if (bits > 7) throw new StoreError('format', `a tree's head has unknown bits (${bits}): upgrade first`);
  return {
    inbox: (bits & 1) === 0 ? undefined : idFromBytes(from.fixed(16)),
    quota: (bits & 2) === 0 ? undefined : kinds.readQuotaRoot(from),
    script: (bits & 4) === 0 ? undefined : kinds.readPieceRef(from),
  };
}
