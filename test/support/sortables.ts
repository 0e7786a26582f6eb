import type { Gist } from '../../lib/search/gist.ts';
import { fillRow, Keys, keyColumns } from '../../lib/search/key-columns.ts';
import type { Sortables } from '../../lib/search/sortables.ts';
import { TextNumbers } from '../../lib/search/text-numbers.ts';

/** A message to be put in order. */
export interface SortableMessage {
  readonly uid: number;
  readonly internalDate: number;
  readonly sizeBytes: number;
  readonly gist: Gist;
}

/** The messages, ascending by UID, as the columns that are put in order. */
export function sortablesOf(messages: readonly SortableMessage[]): Sortables {
  const numbers = new TextNumbers();
  const columns = keyColumns(messages.length);
  for (const [row, { gist }] of messages.entries()) fillRow(columns, row, gist, numbers);
  return {
    uids: Uint32Array.from(messages, ({ uid }) => uid),
    internalDates: Float64Array.from(messages, ({ internalDate }) => internalDate),
    sizes: Float64Array.from(messages, ({ sizeBytes }) => sizeBytes),
    keys: new Keys(numbers, [{ columns, rows: Uint32Array.from(messages.keys()) }]),
  };
}
