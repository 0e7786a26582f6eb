import type { Extension } from '../definition.ts';
import { body } from './body.ts';
import { comparators } from './comparators.ts';
import { copy } from './copy.ts';
import { core } from './core.ts';
import { date, index } from './date.ts';
import { duplicate } from './duplicate.ts';
import { editheader } from './editheader.ts';
import { enclose } from './enclose.ts';
import { encodedCharacter } from './encoded-character.ts';
import { enotify } from './enotify.ts';
import { envelope } from './envelope.ts';
import { environment } from './environment.ts';
import { extlists } from './extlists.ts';
import { extracttext } from './extracttext.ts';
import { fcc } from './fcc.ts';
import { fileinto } from './fileinto.ts';
import { foreverypart } from './foreverypart.ts';
import { ihave } from './ihave.ts';
import { imap4flags } from './imap4flags.ts';
import { imapflags } from './imapflags.ts';
import { imapsieve } from './imapsieve.ts';
import { include } from './include.ts';
import { mailbox } from './mailbox.ts';
import { mailboxid } from './mailboxid.ts';
import { mboxmetadata, servermetadata } from './metadata.ts';
import { mime } from './mime.ts';
import { notify } from './notify.ts';
import { processcalendar } from './processcalendar.ts';
import { envelopeDeliverby, envelopeDsn, redirectDeliverby, redirectDsn } from './redirect-dsn.ts';
import { regex } from './regex.ts';
import { ereject, reject } from './reject.ts';
import { relational } from './relational.ts';
import { replace } from './replace.ts';
import { spamtest, spamtestplus, virustest } from './spamtest.ts';
import { specialUse } from './special-use.ts';
import { subaddress } from './subaddress.ts';
import { vacation, vacationSeconds } from './vacation.ts';
import { variables } from './variables.ts';

/** Every extension of the language, one row each; their order is that of the SIEVE capability. */
export const extensions: readonly Extension[] = [
  core,
  fileinto,
  reject,
  ereject,
  envelope,
  encodedCharacter,
  copy,
  variables,
  relational,
  imap4flags,
  subaddress,
  vacation,
  vacationSeconds,
  body,
  date,
  index,
  duplicate,
  environment,
  ihave,
  include,
  mailbox,
  mailboxid,
  specialUse,
  fcc,
  mboxmetadata,
  servermetadata,
  editheader,
  enotify,
  notify,
  imapflags,
  regex,
  foreverypart,
  mime,
  extracttext,
  replace,
  enclose,
  spamtest,
  spamtestplus,
  virustest,
  envelopeDsn,
  envelopeDeliverby,
  redirectDsn,
  redirectDeliverby,
  extlists,
  imapsieve,
  processcalendar,
  ...comparators,
];
