import type { User } from '../store/directory.ts';

/** Says who a client is. Protocols ask it and nothing else, whichever mechanism brought the password. */
export interface Authenticator {
  /**
   * The user whose password this is; undefined when there is none such, or when the user or the address had too many
   * failures lately: the client must not learn which. `remoteAddress`: '' for a Unix socket. Slow on purpose after
   * failures; rejects with `StoreError('unavailable')` when the directory cannot be read.
   */
  authenticate(name: string, password: string, remoteAddress: string): Promise<User | undefined>;
}
