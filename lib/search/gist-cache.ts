import { BoundedCache } from '../base/bounded-cache.ts';
import type { Id } from '../base/ids.ts';
import type { LogContext } from '../store/log.ts';
import { packedSummaries } from '../store/messages.ts';
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
 * The gists of the blobs, in their order; undefined for a message that is gone. `breathe` is called between pieces of
 * work and may throw to end it.
 */
export async function loadGists(
  cache: GistCache,
  { context, space }: { readonly context: LogContext; readonly space: Id },
  blobs: readonly Id[],
  breathe: () => Promise<void>,
): Promise<(Gist | undefined)[]> {
  const gists = blobs.map((blob) => cache.get(blob));
  const missing = gists.flatMap((gist, i) => (gist === undefined ? [i] : []));
  for (let at = 0; at < missing.length; at += BATCH) {
    const some = missing.slice(at, at + BATCH);
    const wanted = some.map((i) => blobs[i] as Id);
    const unpack = await packedSummaries(context, space, wanted);
    for (const [nth, i] of some.entries()) {
      const summary = await unpack(nth);
      if (summary !== undefined) {
        const gist = gistOf(summary);
        gists[i] = gist;
        cache.put(wanted[nth] as Id, gist);
      }
      await breathe();
    }
  }
  return gists;
}
