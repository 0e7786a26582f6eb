import { it } from 'vitest';
import { synchronizeConflicts } from '../clients/mbsync-conflicts.ts';
import { describeWith } from '../clients/programs.ts';

describeWith(['mbsync', 'swaks', 'python3'], 'mbsync', () => {
  it('keeps 5,000 messages alike, both sides changed at once', () => synchronizeConflicts(5000));
});
