import type { Id } from '../base/ids.ts';
import { Directory } from './directory.ts';
import { Findings } from './doctor-findings.ts';
import { examineIndex } from './doctor-index.ts';
import { SpaceDoctor } from './doctor-space.ts';
import { examineTree } from './doctor-tree.ts';
import type { MailStore } from './mail-store.ts';
import { spaceMailboxes } from './sweep-marks.ts';
import { unreferencedPieces } from './sweep-pieces.ts';
import { type SpaceOwner, SweepRun } from './sweep-run.ts';

export type { Examined, Finding, FindingCode } from './doctor-findings.ts';
export { Findings } from './doctor-findings.ts';

export interface ExamineOptions {
  /** Called after each user. */
  readonly onProgress?: (user: string, findings: Findings) => void;
  /** Objects of a space compared with its mailboxes at a time. Default 250,000: about 140 bytes each, so 35 MB. */
  readonly rangeBlobs?: number;
}

/**
 * Reads everything and checks every rule that what is stored must keep; changes nothing. May run while others serve: what
 * moves under it is read again before it counts. Memory is bounded by one mailbox's view, a range of 250,000 objects, and
 * some 200 bytes per user. Throws `StoreError('unavailable')` when the store cannot be reached.
 */
export async function examine(store: MailStore, options: ExamineOptions = {}): Promise<Findings> {
  const findings = new Findings();
  const { rangeBlobs } = options;
  const run = new SweepRun(store, rangeBlobs === undefined ? {} : { rangeBlobs });
  const owned = new Set<Id>();
  await findings.probe('directory', async () => {
    for await (const user of new Directory(store.ports.index).list()) {
      owned.add(user.tree).add(user.space);
      findings.examined.users++;
      const view = await findings.probe(`${user.name} tree`, () => examineTree(store.context, user, findings));
      if (view !== undefined) {
        await new SpaceDoctor(run, findings, user, view).examine();
        await findings.probe(`${user.name} pieces`, () => countPieces(run, findings, user));
      }
      options.onProgress?.(user.name, findings);
    }
  });
  await examineIndex(run, findings, owned);
  return findings;
}

/** Pieces of snapshots and bodies of records that the next audits will note and remove. */
async function countPieces(run: SweepRun, findings: Findings, owner: SpaceOwner): Promise<void> {
  let count = await unreferencedPieces(run, 'T', owner.tree);
  for (const id of (await spaceMailboxes(run, owner)).all) count += await unreferencedPieces(run, 'M', id);
  if (count > 0) findings.add('unreferenced', `${owner.name} pieces`, `${count} pieces of snapshots and records`);
}
