import { StoreError } from './errors.ts';
import { systemKey } from './keys.ts';
import type { Index } from './ports.ts';

/**
 * Formats of the store as a whole (Rule 23): the newest that this version reads, and the one that it writes. A new format
 * ships in a version that reads it and writes the old one; the next version raises what is written.
 */
export const READ_FORMAT = 1;
export const WRITE_FORMAT = 1;

const FORMAT = systemKey('FORMAT');
const TRIES = 10;

/**
 * Refuses a store that holds what this version cannot read (`format`), and notes what this version writes, so that an older
 * one refuses in turn. Ask before anything else is read or written.
 */
export async function agreeOnFormat(
  index: Index,
  { read, write } = { read: READ_FORMAT, write: WRITE_FORMAT },
): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const item = await index.get(FORMAT);
    const written = typeof item?.w === 'number' ? item.w : 0;
    if (written > read) {
      throw new StoreError('format', `the store has format ${written}; this version reads ${read}: upgrade first`);
    }
    if (written >= write) return;
    const rev = typeof item?.r === 'number' ? item.r : undefined;
    const next = { r: (rev ?? 0) + 1, w: write };
    if ((await index.put(FORMAT, next, rev === undefined ? 'absent' : { rev })).ok) return;
  }
  throw new StoreError('unavailable', 'the format of the store is being changed');
}
