import { afterEach, beforeEach, expect, it } from 'vitest';
import { agreeOnFormat, READ_FORMAT, WRITE_FORMAT } from '../../lib/store/format.ts';
import { openTestStore, type TestStore } from '../support/test-store.ts';

let home: TestStore;
beforeEach(async () => {
  home = await openTestStore();
});
afterEach(() => home.close());

it('a version opens what it or an older one has written (Rule 23)', async () => {
  await agreeOnFormat(home.index);
  await agreeOnFormat(home.index);
  await agreeOnFormat(home.index, { read: 2, write: 1 });
  await agreeOnFormat(home.index, { read: 2, write: 2 });
});

it('an older version refuses what a newer one writes, and is let in while the newer one only reads it (Rule 23)', async () => {
  const newer = { read: READ_FORMAT + 1, write: WRITE_FORMAT };
  await agreeOnFormat(home.index, newer);
  await agreeOnFormat(home.index);
  await agreeOnFormat(home.index, { ...newer, write: WRITE_FORMAT + 1 });
  await expect(agreeOnFormat(home.index)).rejects.toMatchObject({
    code: 'format',
    message: `the store has format ${WRITE_FORMAT + 1}; this version reads ${READ_FORMAT}: upgrade first`,
  });
});

it('many processes that start at once agree', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, i) => agreeOnFormat(home.index, { read: 3, write: 1 + (i % 3) })));
  await expect(agreeOnFormat(home.index, { read: 2, write: 1 })).rejects.toMatchObject({ code: 'format' });
});
