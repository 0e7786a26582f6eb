import type { UidSet } from '../../lib/store/uid-set.ts';
import { rangesOf, type Selected } from './selected.ts';
import { modified } from './wire/write/response-code.ts';
import { formatSet } from './wire/write/sequence-set.ts';

/** RFC 7162 §3.1.3: the messages left alone, as the command named messages. */
export function modifiedCode({ numbering }: Selected, left: UidSet, byUid: boolean): string {
  if (byUid) return modified(rangesOf(left));
  return `MODIFIED ${formatSet([...left].map((uid) => numbering.sequenceOf(uid)).filter((n) => n > 0))}`;
}
