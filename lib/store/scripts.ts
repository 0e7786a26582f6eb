import type { Id } from '../base/ids.ts';
import type { Account } from './account.ts';
import { StoreError } from './errors.ts';
import type { LogContext } from './log.ts';
import { CorruptionError } from './log-reader.ts';
import { getPiece, type PieceRef, putPiece } from './pieces.ts';
import { activateScriptRecord, deleteScriptRecord, putScriptRecord, renameScriptRecord } from './tree-records.ts';
import type { TreeView } from './tree-view.ts';

/** Longest name of a script in UTF-8: 128 characters (RFC 5804 §1.6). */
export const MAX_SCRIPT_NAME_BYTES = 512;

/** Under a name that no user can give: a script that runs while the user has activated none, and that nobody is shown. */
const DEFAULT_SCRIPT = '\u0001default';

/** How much one user may keep. */
export interface ScriptLimits {
  /** `sieve_maxscripts` */
  readonly scripts: number;
  /** Of one script (`sieve_maxscriptsize`). */
  readonly scriptBytes: number;
}

export interface ListedScript {
  readonly name: string;
  readonly isActive: boolean;
  readonly sizeBytes: number;
}

/** The user's scripts, in the order in which they were first put. */
export async function listScripts({ tree }: Account): Promise<readonly ListedScript[]> {
  const { scripts, activeScript } = (await tree.refresh()).view.state;
  const shown = [...scripts].filter(([name]) => name !== DEFAULT_SCRIPT);
  return shown.map(([name, { sizeBytes }]) => ({ name, sizeBytes, isActive: name === activeScript }));
}

/** The text of a script; `nonexistent` when there is none of that name. */
export async function getScript({ store, tree }: Account, name: string): Promise<Buffer> {
  const key = existingName(name);
  let missed: Id | undefined;
  for (;;) {
    const script = (await tree.refresh()).view.state.scripts.get(key);
    if (script === undefined) throw nonexistent();
    const text = await readScript(store.context, tree.id, script.piece);
    if (text !== undefined) return text;
    // Rule 11: replaced meanwhile, or lost.
    if (missed === script.piece.id) throw new CorruptionError(`script piece ${missed} of tree ${tree.id}`);
    missed = script.piece.id;
  }
}

/** The text of a script by its place, as the tree's head tells the active one's; undefined when it has been replaced. */
export function readScript(context: LogContext, tree: Id, piece: PieceRef): Promise<Buffer | undefined> {
  return getPiece(context, 'T', tree, piece);
}

/**
 * Whether a script of this name and size could be put now (RFC 5804 §2.5): `too-big`, `too-many`, or `cannot` for a name
 * that no script can have.
 */
export async function checkSpace(
  account: Account,
  name: string,
  sizeBytes: number,
  limits: ScriptLimits,
): Promise<void> {
  const key = checkScriptName(name);
  if (sizeBytes > limits.scriptBytes) {
    throw new StoreError('too-big', `Script size is too large. Max script size is ${limits.scriptBytes} bytes`);
  }
  requireRoom((await account.tree.refresh()).view, key, limits);
}

/**
 * Puts a script, in place of the one that has its name (RFC 5804 §2.6): its text first, then one record (Rule 7). An active
 * script stays active. Fails as {@link checkSpace}.
 */
export async function putScript(account: Account, name: string, text: Buffer, limits: ScriptLimits): Promise<void> {
  await checkSpace(account, name, text.length, limits);
  const key = name.normalize('NFC');
  await commitScript(account, key, text, (view) => requireRoom(view, key, limits));
}

/** Puts the script that runs while the user has activated none, which no list shows and no command names. */
export async function putDefaultScript(account: Account, text: Buffer): Promise<void> {
  await commitScript(account, DEFAULT_SCRIPT, text, () => undefined);
  await account.tree.commit(({ state }) => ({
    record: state.activeScript === undefined ? activateScriptRecord(DEFAULT_SCRIPT) : undefined,
    reply: undefined,
  }));
}

async function commitScript(
  { tree, store }: Account,
  name: string,
  text: Buffer,
  check: (view: TreeView) => void,
): Promise<void> {
  const begunMs = store.clock.now();
  const piece = await putPiece(store.context, 'T', tree.id, text, { tree: tree.id });
  const change = (view: TreeView) => {
    check(view);
    return { record: putScriptRecord({ name, piece, sizeBytes: text.length }), reply: undefined };
  };
  await tree.commit(change, { begunMs });
}

/**
 * Makes a script the active one; undefined: none of the user's is (RFC 5804 §2.8), and the default one runs if there is one.
 * `nonexistent` leaves the active one active.
 */
export async function setActiveScript({ tree }: Account, name: string | undefined): Promise<void> {
  const wanted = name === undefined ? undefined : existingName(name);
  await tree.commit(({ state }) => {
    if (wanted !== undefined && !state.scripts.has(wanted)) throw nonexistent();
    const key = wanted ?? (state.scripts.has(DEFAULT_SCRIPT) ? DEFAULT_SCRIPT : undefined);
    return { record: state.activeScript === key ? undefined : activateScriptRecord(key ?? ''), reply: undefined };
  });
}

/** Deletes a script (RFC 5804 §2.10); `in-use` when it is the active one. */
export async function deleteScript({ tree }: Account, name: string): Promise<void> {
  const key = existingName(name);
  await tree.commit(({ state }) => {
    if (!state.scripts.has(key)) throw nonexistent();
    if (state.activeScript === key) throw new StoreError('in-use', 'Active script cannot be deleted');
    return { record: deleteScriptRecord(key), reply: undefined };
  });
}

/** Gives a script another name (RFC 5804 §2.11); an active one stays active. */
export async function renameScript({ tree }: Account, from: string, to: string): Promise<void> {
  const [source, target] = [existingName(from), checkScriptName(to)];
  await tree.commit(({ state }) => {
    if (!state.scripts.has(source)) throw nonexistent();
    if (state.scripts.has(target)) throw new StoreError('already-exists', 'A script of that name exists already');
    return { record: renameScriptRecord(source, target), reply: undefined };
  });
}

/** The name as it is kept (RFC 5804 §1.6, Net-Unicode); `cannot` when no script can have it. */
function checkScriptName(name: string): string {
  const problem =
    name === ''
      ? 'is empty'
      : /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]/.test(name)
        ? 'has control characters'
        : name.includes('/')
          ? 'has a "/"'
          : Buffer.byteLength(name.normalize('NFC')) > MAX_SCRIPT_NAME_BYTES
            ? `is longer than ${MAX_SCRIPT_NAME_BYTES} bytes`
            : undefined;
  if (problem !== undefined) throw new StoreError('cannot', `The script name ${problem}`);
  return name.normalize('NFC');
}

/** The name as it is kept; `nonexistent` for the one that users do not see. */
function existingName(name: string): string {
  const key = name.normalize('NFC');
  if (key === DEFAULT_SCRIPT) throw nonexistent();
  return key;
}

function requireRoom({ state }: TreeView, name: string, { scripts }: ScriptLimits): void {
  const kept = state.scripts.size - (state.scripts.has(DEFAULT_SCRIPT) ? 1 : 0);
  if (state.scripts.has(name) || kept < scripts) return;
  throw new StoreError('too-many', `There are ${scripts} scripts, which is the limit: delete one first`);
}

function nonexistent(): StoreError {
  return new StoreError('nonexistent', 'Script does not exist');
}
