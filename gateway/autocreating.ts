import type { Authenticator } from '../lib/auth/authenticator.ts';
import type { Autocreate } from '../lib/delivery/autocreate.ts';

/** Who logs in with a password of their own has mailboxes from then on (`autocreatequota`). */
export function autocreating(authenticator: Authenticator, autocreate: Autocreate | undefined): Authenticator {
  if (autocreate === undefined) return authenticator;
  return {
    authorize: (actor, name) => authenticator.authorize(actor, name),
    async authenticate(name, password, remoteAddress) {
      const user = await authenticator.authenticate(name, password, remoteAddress);
      if (user !== undefined) await autocreate.settle(user);
      return user;
    },
  };
}
