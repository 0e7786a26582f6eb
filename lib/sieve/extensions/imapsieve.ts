import type { Extension } from '../definition.ts';

/** RFC 6785 §4: items of the `environment` test; empty where no IMAP command has caused the run. */
export const imapItems: ReadonlySet<string> = new Set([
  'imap.user',
  'imap.email',
  'imap.cause',
  'imap.mailbox',
  'imap.changedflags',
]);

/** RFC 6785: scripts for what happens in IMAP; what answers or refuses a delivery fails in them (§3.11). */
export const imapsieve: Extension = { capability: 'imapsieve' };
