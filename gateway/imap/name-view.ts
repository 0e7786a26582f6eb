import { OTHER_USERS } from '../../lib/store/account.ts';
import { INBOX, SEPARATOR } from '../../lib/store/tree-view.ts';
import type { NameView } from './wire/read/reader.ts';

/** First segment of users' mailboxes as administrators name them: `user/joe` is joe's INBOX, `user/joe/Sent` beside it. */
const USER = 'user';

/** Names as administrators have always had them (Cyrus): by user, the domain at the very end: `user/joe/Sent@example.net`. */
export const administratorNames: NameView = {
  fromWire(name) {
    const [first, given = '', ...rest] = name.split(SEPARATOR);
    if (first !== USER) return name;
    if (given === '') return [OTHER_USERS, ...(name.includes(SEPARATOR) ? [''] : [])].join(SEPARATOR);
    const last = rest.at(-1);
    const at = last?.lastIndexOf('@') ?? -1;
    const hasDomain = last !== undefined && at > 0 && !given.includes('@');
    const owner = hasDomain ? `${given}${last.slice(at)}` : given;
    const path = hasDomain ? [...rest.slice(0, -1), last.slice(0, at)] : rest;
    return [OTHER_USERS, owner, ...(path.length === 0 ? [INBOX] : path)].join(SEPARATOR);
  },
  toWire(name) {
    const [first, owner = '', ...path] = name.split(SEPARATOR);
    if (first !== OTHER_USERS) return name;
    const at = owner.lastIndexOf('@');
    const [local, domain] = at < 0 ? [owner, ''] : [owner.slice(0, at), owner.slice(at)];
    const below = path.length === 1 && path[0] === INBOX ? [] : path;
    return `${[USER, ...(name.includes(SEPARATOR) ? [local] : []), ...below].join(SEPARATOR)}${domain}`;
  },
};
