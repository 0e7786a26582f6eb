import { grantKey } from './keys.ts';
import { hasRight } from './rights.ts';
import type { SpaceOwner, SweepRun } from './sweep-run.ts';
import type { TreeView } from './tree-view.ts';

/** Whether any mailbox of the tree gives the identifier l or r (Rule 18). */
export function isGranted(view: TreeView | undefined, identifier: string): boolean {
  if (view === undefined) return false;
  for (const { acl } of view.state.bindings.values()) {
    const rights = acl.get(identifier) ?? '';
    if (hasRight(rights, 'l') || hasRight(rights, 'r')) return true;
  }
  return false;
}

/** Puts the grants that the tree gives and the index lacks: what is found by them must be a superset (Rule 18). */
export async function repairGrants(run: SweepRun, owner: SpaceOwner): Promise<void> {
  const { view } = await run.store.tree(owner.tree).refresh();
  const identifiers = new Set([...view.state.bindings.values()].flatMap(({ acl }) => [...acl.keys()]));
  for (const identifier of identifiers) {
    if (identifier.startsWith('-') || !isGranted(view, identifier)) continue;
    const item = { r: 1, n: Buffer.from(owner.name, 'utf8') };
    await run.context.index.put(grantKey(identifier, owner.tree), item, 'absent');
  }
}
