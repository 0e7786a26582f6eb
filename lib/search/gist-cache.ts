import { BoundedCache } from '../base/bounded-cache.ts';
import type { Id } from '../base/ids.ts';
import type { OpenMailbox } from '../store/account.ts';
import type { MailboxView } from '../store/mailbox-view.ts';
import { type MessageRef, mailboxSummaries } from '../store/summary-pieces.ts';
import { type Gist, gistBytes, gistOf } from './gist.ts';

/** Summaries asked for together. */
const BATCH = 200;

/** The gists that this process has made lately, by blob: a blob never changes, and so its gist is never wrong. */
export class GistCache extends BoundedCache<Id, Gist> {
  /** `maxBytes`: about what it may hold. */
  constructor(maxBytes: number) {
    super(maxBytes, gistBytes);
  }
}

/**
 * The gists of messages of a mailbox, in their order; undefined for a message that is gone. `breathe` is called between pieces of
 * work and may throw to end it.
 */
export async function loadGists(
  cache: GistCache,
  { open, view }: { readonly open: OpenMailbox; readonly view: MailboxView },
  messages: readonly MessageRef[],
  breathe: () => Promise<void>,
): Promise<(Gist | undefined)[]> {
  const gists = messages.map(({ blob }) => cache.get(blob));
  const missing = gists.flatMap((gist, i) => (gist === undefined ? [i] : []));
  for (let at = 0; at < missing.length; at += BATCH) {
    const some = missing.slice(at, at + BATCH);
    const wanted = some.map((i) => messages[i] as MessageRef);
    const unpack = await mailboxSummaries(open, view, wanted);
    for (const [nth, i] of some.entries()) {
      const summary = await unpack(nth);
      if (summary !== undefined) {
        const gist = gistOf(summary);
        gists[i] = gist;
        cache.put((wanted[nth] as MessageRef).blob, gist);
      }
      await breathe();
    }
  }
  return gists;
}
