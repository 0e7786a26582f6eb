import { expect, it } from 'vitest';
import { useLargeMailbox } from '../support/many-messages.ts';
import { openTestStore } from '../support/test-store.ts';

it('1,000,000 messages in a mailbox', async () => {
  const home = await openTestStore();
  try {
    await useLargeMailbox(home, 1_000_000);
    expect(process.memoryUsage().rss).toBeLessThan(3 * 2 ** 30);
  } finally {
    await home.close();
  }
});
