import type { AddressedHint } from '../lib/delivery/remote.ts';
import type { Hint, Hints } from '../lib/store/ports.ts';

/** Hints of a function, which cannot reach gateways: they go back to the gateway that asked (Rule 20). */
export class CollectedHints implements Hints {
  readonly address = 'function';
  #newest = new Map<string, AddressedHint>();

  send(hint: Hint, addresses: readonly string[]): void {
    const before = this.#newest.get(hint.id);
    if (before === undefined || before.rev < hint.rev) this.#newest.set(hint.id, { ...hint, addresses });
  }

  listen(): () => void {
    return () => undefined;
  }

  /** What was sent since the last call, the newest of each mailbox. */
  take(): readonly AddressedHint[] {
    const taken = [...this.#newest.values()];
    this.#newest = new Map();
    return taken;
  }

  async close(): Promise<void> {
    this.#newest.clear();
  }
}
