import { expect } from 'vitest';
import { hashPassword } from '../../lib/auth/password.ts';
import { Account } from '../../lib/store/account.ts';
import { Directory } from '../../lib/store/directory.ts';
import { examine } from '../../lib/store/doctor.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { messageBytes } from '../../lib/store/messages.ts';
import { addUser } from '../../lib/store/users.ts';
import type { TestHome } from '../support/home.ts';
import { type Acknowledged, mail, PASSWORD, USERS } from './kill-load.ts';

/** Makes the users of a run. */
export async function prepare(home: TestHome): Promise<void> {
  const ports = await home.open();
  const store = new MailStore(ports);
  const verifier = await hashPassword(PASSWORD);
  for (const name of USERS) await addUser(store, { name, verifier });
  await store.close();
  await ports.close();
}

/**
 * Reads everything back with a fresh store: every acknowledged message is there exactly once with its UID, nothing is there
 * twice, UIDs ascend, and the doctor finds nothing. Answers how many messages there are.
 */
export async function check(home: TestHome, acknowledged: readonly Acknowledged[]): Promise<number> {
  const ports = await home.open();
  const store = new MailStore(ports);
  let found = 0;
  try {
    for (const name of USERS) {
      const user = await new Directory(ports.index).find(name);
      if (user === undefined) throw new Error(`user ${name} is gone`);
      const open = await new Account(store, user).open('INBOX');
      const { view } = await open.mailbox.refresh();
      const rows = await open.mailbox.cold(view, view.allUids());
      const uids = new Map<string, number[]>();
      let last = 0;
      for (const [uid, { blob }] of rows) {
        expect(uid).toBeGreaterThan(last);
        last = uid;
        const text = (await messageBytes(store.context, user.space, blob)).toString('latin1');
        const id = /^Message-ID: <(.*)@kill>/m.exec(text)?.[1] ?? '';
        expect(text.endsWith(mail(id))).toBe(true);
        uids.set(id, [...(uids.get(id) ?? []), uid]);
        found++;
      }
      const doubled = [...uids].filter(([, list]) => list.length > 1);
      expect(doubled).toEqual([]);
      for (const { user: to, id, uid } of acknowledged) {
        if (to !== name) continue;
        const there = uids.get(id) ?? [];
        expect([id, there.length]).toEqual([id, 1]);
        if (uid !== undefined) expect([id, there[0]]).toEqual([id, uid]);
      }
    }
    expect((await examine(store)).listed.filter(({ severity }) => severity === 'fault')).toEqual([]);
  } finally {
    await store.close();
    await ports.close();
  }
  return found;
}
