import { cut } from './blob-origin.ts';
import type { MailboxView } from './mailbox-view.ts';
import type { BlobMetadata } from './ports.ts';
import { annotationKey } from './tree-records.ts';
import type { TreeView } from './tree-view.ts';

const MAX_NAME_BYTES = 300;
const MAX_LIST_BYTES = 300;

/**
 * What the object of a large manifest says of its mailbox besides its columns, so that it tells whose it was when all else
 * is lost (Rule 21): for people and for what rebuilds an index without checkpoints. What does not fit is cut off.
 */
export function manifestMetadata({ state }: MailboxView, tree: TreeView | undefined): BlobMetadata {
  const found = [...(tree?.state.bindings ?? [])].find(([, { mailbox }]) => mailbox === state.id);
  const metadata: BlobMetadata = {
    mailbox: state.id,
    'uid-next': String(state.uidNext),
    keywords: cut(state.keywords.join(' '), MAX_LIST_BYTES),
    ...(tree !== undefined && found !== undefined && boundMetadata(tree, ...found)),
  };
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== ''));
}

function boundMetadata(
  { state }: TreeView,
  name: string,
  { uidValidity, acl }: { readonly uidValidity: number; readonly acl: ReadonlyMap<string, string> },
): BlobMetadata {
  const prefix = annotationKey(name, '');
  const annotations = [...state.annotations].filter(([key]) => key.startsWith(prefix));
  const entries = annotations.map(([key, value]) => `${key.slice(prefix.length)}=${value}`);
  return {
    tree: state.id,
    name: cut(name, MAX_NAME_BYTES),
    'uid-validity': String(uidValidity),
    acl: cut([...acl].map(([who, rights]) => `${who}=${rights}`).join(' '), MAX_LIST_BYTES),
    annotations: cut(entries.join('\n'), MAX_LIST_BYTES),
  };
}
