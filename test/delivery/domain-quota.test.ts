import { expect, test } from 'vitest';
import { StoreDelivery } from '../../lib/delivery/deliver.ts';
import { Account } from '../../lib/store/account.ts';
import { setDomainQuota } from '../../lib/store/domain-quota.ts';
import { message, openSieveHome } from './sieve-support.ts';

test('users whose quota is one for all are full together (Rule 19)', async () => {
  await using home = await openSieveHome({}, ['anna', 'bert', 'cyrus']);
  const admin = new Account(home.store, (await home.account('cyrus')).user, { admins: ['cyrus'] });
  await setDomainQuota(admin, 'Other Users', '-', new Map([['MESSAGE', 1]]));
  const delivery = new StoreDelivery(home.store, { defaultDomain: 'example.com' });
  expect(await delivery.recipient('anna@example.com')).toMatchObject({ ok: true });
  await home.send(message('Hi'), { to: ['bert@example.com'] });
  expect(await delivery.recipient('anna@example.com')).toMatchObject({ ok: false, code: 'over-quota' });
  // Remembered by now, it is asked about in another way.
  expect(await delivery.recipient('anna@example.com')).toMatchObject({ ok: false, code: 'over-quota' });
});
