import { expect, test } from 'vitest';
import { Account } from '../../lib/store/account.ts';
import { setAcl } from '../../lib/store/acl.ts';
import { Directory, directoryKeyOf } from '../../lib/store/directory.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { listNames } from '../../lib/store/list-names.ts';
import type { Index } from '../../lib/store/ports.ts';
import { addUser } from '../../lib/store/users.ts';
import { openTestStore } from '../support/test-store.ts';

test('a list that cannot be read whole is an error, not a shorter list; a grant that outlives its account is none', async () => {
  let isUnwell = false;
  const anna = directoryKeyOf('anna').sk.toString();
  const wrapIndex = (index: Index): Index =>
    new Proxy(index, {
      get(target, name) {
        const member = Reflect.get(target, name);
        if (name !== 'get') return typeof member === 'function' ? member.bind(target) : member;
        return async (...args: Parameters<Index['get']>) => {
          if (isUnwell && args[0].sk.toString() === anna) throw new StoreError('unavailable', 'throttled');
          return target.get(...args);
        };
      },
    });
  const home = await openTestStore({ wrapIndex });
  try {
    const accountOf = async (name: string): Promise<Account> => {
      const user = await new Directory(home.index).find(name);
      if (user === undefined) throw new Error(`no user ${name}`);
      return new Account(home.another(), user);
    };
    for (const name of ['anna', 'bert']) await addUser(home.store, { name, verifier: undefined });
    await setAcl(await accountOf('anna'), 'INBOX', 'bert', 'lr');
    const bert = await accountOf('bert');
    const others = async (): Promise<string[]> =>
      (await listNames(bert)).map(({ name }) => name).filter((name) => name.includes('anna/'));
    expect(await others()).toEqual(['Other Users/anna/INBOX']);
    isUnwell = true;
    await expect(listNames(bert)).rejects.toMatchObject({ code: 'unavailable' });
    isUnwell = false;
    const there = await new Directory(home.index).find('anna');
    if (there === undefined) throw new Error('no anna');
    await new Directory(home.index).remove(there);
    expect(await others()).toEqual([]);
  } finally {
    await home.close();
  }
});
