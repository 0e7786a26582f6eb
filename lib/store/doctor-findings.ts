import { FormatError } from '../base/bytes.ts';
import { StoreError } from './errors.ts';
import { CorruptionError } from './log-reader.ts';

/**
 * What the doctor can find. A fault is damage: something is lost, or will be. A note is untidiness that the store heals by
 * itself or lives with.
 */
export const FINDINGS = {
  format: ['fault', 'upgrade if a newer version wrote it; else restore it from a backup'],
  'log-damaged': ['fault', 'restore the folder from a backup; the sweep deletes nothing of this account until then'],
  'head-differs': ['fault', 'the counts that clients see are wrong: restore from a backup or report it'],
  'tree-missing': ['fault', 'restore the index from a backup'],
  'mailbox-missing': ['fault', 'restore the index from a backup'],
  'mailbox-closed': ['fault', 'it is bound and takes no mail: restore the index from a backup'],
  'mailbox-unbound': ['fault', 'no name leads to its messages: restore the index from a backup'],
  'mailbox-owner': ['fault', 'it belongs to another account or space: restore the index from a backup'],
  'no-inbox': ['fault', 'the user cannot be delivered to: create INBOX or restore the index from a backup'],
  'bound-twice': ['fault', 'delete one of the names after a backup'],
  uidvalidity: ['fault', 'clients may show wrong messages: restore the index from a backup'],
  'uid-order': ['fault', 'restore the index from a backup'],
  'message-missing': ['fault', 'restore the blob from a backup'],
  'message-size': ['fault', 'restore the blob from a backup'],
  'message-unheld': ['fault', 'another account may delete it: restore the index from a backup'],
  'delivered-twice': ['fault', 'the message is there twice: delete one, and report it'],
  'delete-unfinished': ['note', 'the sweep finishes it'],
  'move-unfinished': ['note', 'a RENAME into another account: the server finishes it within minutes'],
  'summary-missing': ['note', 'made again when it is asked for'],
  'quota-drift': ['note', 'the sweep corrects it'],
  unreferenced: ['note', 'the sweep will remove it'],
  'segment-ahead': ['note', 'harmless'],
  'tree-unowned': ['note', 'of a removed user: the sweep will remove it; else a user add was interrupted'],
  'no-mailboxes': ['note', 'as made for an administrator'],
  leftovers: ['note', 'harmless'],
  'unknown-item': ['note', 'a newer version may have written it'],
} as const satisfies Record<string, readonly [severity: 'fault' | 'note', advice: string]>;

export type FindingCode = keyof typeof FINDINGS;

export interface Finding {
  readonly severity: 'fault' | 'note';
  readonly code: FindingCode;
  /** The account and mailbox by name where that is known, and the id. */
  readonly where: string;
  readonly text: string;
  /** What to do. */
  readonly advice: string;
}

/** What the doctor has looked at. */
export interface Examined {
  users: number;
  mailboxes: number;
  messages: number;
  bytes: number;
}

/** More findings than this of one code are only counted. */
const LISTED = 200;

/** All that an examination found; bounded, whatever the damage. */
export class Findings {
  readonly examined: Examined = { users: 0, mailboxes: 0, messages: 0, bytes: 0 };
  readonly #listed: Finding[] = [];
  readonly #counts = new Map<FindingCode, number>();

  get listed(): readonly Finding[] {
    return this.#listed;
  }

  /** How often each code was found, also beyond what is listed. */
  get counts(): ReadonlyMap<FindingCode, number> {
    return this.#counts;
  }

  get faults(): number {
    return this.#sum('fault');
  }

  get notes(): number {
    return this.#sum('note');
  }

  #sum(severity: 'fault' | 'note'): number {
    let sum = 0;
    for (const [code, count] of this.#counts) if (FINDINGS[code][0] === severity) sum += count;
    return sum;
  }

  add(code: FindingCode, where: string, text: string): void {
    const count = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, count);
    const [severity, advice] = FINDINGS[code];
    if (count <= LISTED) this.#listed.push({ severity, code, where, text, advice });
  }

  /** Runs a part of the examination; what cannot be read is a finding, what cannot be reached ends the examination. */
  async probe<T>(where: string, examine: () => Promise<T>): Promise<T | undefined> {
    try {
      return await examine();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (error instanceof CorruptionError) this.add('log-damaged', where, text);
      else if (error instanceof StoreError && error.code === 'unavailable') throw error;
      else if (isUnreadable(error)) this.add('format', where, text);
      else throw error;
      return undefined;
    }
  }
}

/** Stored bytes that no version of ours wrote so, or a newer one. */
function isUnreadable(error: unknown): boolean {
  if (error instanceof StoreError || error instanceof FormatError || error instanceof RangeError) return true;
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}
