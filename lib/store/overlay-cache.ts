import type { Id } from '../base/ids.ts';
import { overlayCacheSize } from '../base/limits.ts';
import type { StoredOverlay } from './overlay.ts';

/** An overlay as this process has read or written it. */
export interface KnownOverlay {
  readonly stored: StoredOverlay;
  /** It was read after a head at this seq: it has every private change before that (Rule 16). */
  readonly headSeq: number;
}

/**
 * The overlays that this process has seen lately. One may be old: what rests on it is a write under the condition that it is not, or
 * something that can only be truer than it says.
 */
export class OverlayCache {
  readonly #known = new Map<string, KnownOverlay>();

  get(user: Id, mailbox: Id): KnownOverlay | undefined {
    return this.#known.get(user + mailbox);
  }

  /** Keeps it, unless a newer one is known. */
  note(user: Id, mailbox: Id, stored: StoredOverlay, headSeq: number): void {
    const key = user + mailbox;
    const known = this.#known.get(key);
    if (known !== undefined) {
      const [is, was] = [stored.overlay.rev, known.stored.overlay.rev];
      if (is < was || (is === was && headSeq <= known.headSeq)) return;
    }
    this.#known.delete(key);
    this.#known.set(key, { stored, headSeq });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= overlayCacheSize) return;
      this.#known.delete(oldest);
    }
  }

  /** It was found to be old. */
  forget(user: Id, mailbox: Id): void {
    this.#known.delete(user + mailbox);
  }
}
