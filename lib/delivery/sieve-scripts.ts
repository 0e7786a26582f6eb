import { createHash } from 'node:crypto';
import type { Id } from '../base/ids.ts';
import { type CompiledScript, compileScript, problemText } from '../sieve/check.ts';
import type { MailStore } from '../store/mail-store.ts';
import type { PieceRef } from '../store/pieces.ts';
import { readScript } from '../store/scripts.ts';

/** A script that is ready, or why it cannot be used. */
export type Usable = CompiledScript | { readonly unusable: string };

/** Compiled scripts kept in one process: their number, and the bytes of their texts in all. */
export const sieveCacheLimits = { scripts: 2000, textBytes: 16 * 1024 * 1024 } as const;

interface Known {
  readonly usable: Usable;
  readonly bytes: number;
  /** Places of the same text that are known. */
  readonly pieces: Set<Id>;
}

/** Compiles scripts, each text once: the same text of many users is one, and the least used are forgotten. */
export class SieveScripts {
  readonly #store: MailStore;
  readonly #limits: { readonly scripts: number; readonly textBytes: number };
  readonly #byText = new Map<string, Known>();
  readonly #byPiece = new Map<Id, string>();
  #bytes = 0;

  constructor(store: MailStore, limits: Partial<{ readonly scripts: number; readonly textBytes: number }> = {}) {
    this.#store = store;
    this.#limits = { ...sieveCacheLimits, ...limits };
  }

  /** How many texts are kept. */
  get size(): number {
    return this.#byText.size;
  }

  /** The script at a place, which is never written twice; undefined when it has been replaced and is gone. */
  async at(tree: Id, piece: PieceRef): Promise<Usable | undefined> {
    const digest = this.#byPiece.get(piece.id);
    const known = digest === undefined ? undefined : this.#byText.get(digest);
    if (digest !== undefined && known !== undefined) return this.#use(digest, known);
    const text = await readScript(this.#store.context, tree, piece);
    return text === undefined ? undefined : this.#compiled(text, piece.id);
  }

  #compiled(text: Buffer, piece: Id): Usable {
    const digest = createHash('sha256').update(text).digest('base64');
    let known = this.#byText.get(digest);
    if (known === undefined) {
      const result = compileScript(text);
      const usable = 'script' in result ? result.script : { unusable: problemText(result.problems.slice(0, 3)) };
      known = { usable, bytes: text.length, pieces: new Set() };
      this.#bytes += text.length;
    }
    known.pieces.add(piece);
    this.#byPiece.set(piece, digest);
    return this.#use(digest, known);
  }

  #use(digest: string, known: Known): Usable {
    this.#byText.delete(digest);
    this.#byText.set(digest, known);
    for (const [oldest, { bytes, pieces }] of this.#byText) {
      const places = this.#byPiece.size;
      const { scripts, textBytes } = this.#limits;
      if (this.#byText.size <= scripts && places <= 2 * scripts && this.#bytes <= textBytes) break;
      if (oldest === digest) break;
      this.#byText.delete(oldest);
      for (const piece of pieces) this.#byPiece.delete(piece);
      this.#bytes -= bytes;
    }
    return known.usable;
  }
}
