import type { OpenMailbox } from '../../lib/store/account.ts';
import { flagNames, systemMask } from '../../lib/store/flag-names.ts';
import { ANSWERED, DELETED, DRAFT, FLAGGED, MAX_KEYWORDS, SEEN } from '../../lib/store/flag-sets.ts';
import type { MailboxView } from '../../lib/store/mailbox-view.ts';
import { hasRight } from '../../lib/store/rights.ts';
import { flags } from './wire/write/response.ts';
import { permanentFlags } from './wire/write/response-code.ts';
import { flagList } from './wire/write/text.ts';

const systemFlags: readonly (readonly [name: string, bit: number])[] = [
  ['\\Answered', ANSWERED],
  ['\\Flagged', FLAGGED],
  ['\\Deleted', DELETED],
  ['\\Seen', SEEN],
  ['\\Draft', DRAFT],
];

/** `* FLAGS`: the flags that messages of the mailbox can have (RFC 9051 §7.3.5). */
export function flagsLine(view: MailboxView): string {
  return flags([...systemFlags.map(([name]) => name), ...view.state.keywords]);
}

/** The code PERMANENTFLAGS: the flags that the client can change for good (RFC 9051 §7.1); `\*`: new keywords, while there is room. */
export function permanentFlagsCode(open: OpenMailbox, view: MailboxView, readOnly: boolean): string {
  if (readOnly) return permanentFlags([]);
  const mask = systemMask(open.rights);
  const names = systemFlags.filter(([, bit]) => (mask & bit) !== 0).map(([name]) => name);
  if (!hasRight(open.rights, 'w')) return permanentFlags(names);
  const { keywords } = view.state;
  return permanentFlags([...names, ...keywords, ...(keywords.length < MAX_KEYWORDS ? ['\\*'] : [])]);
}

/** Flags of messages as they are written, each distinct set made once. */
export class FlagTexts {
  readonly #view: MailboxView;
  /** By the set's number in the mailbox. */
  readonly #texts: (readonly [plain: string, recent: string])[] = [];

  constructor(view: MailboxView) {
    this.#view = view;
  }

  /** `FLAGS (...)` of the message. */
  of(uid: number, recent: boolean): string {
    const { flagSets } = this.#view.state;
    return this.ofSet(flagSets.indexOf(this.#view.bitsOf(uid) ?? 0n), recent);
  }

  /** The same of a message whose flags are this set of the view's. */
  ofSet(index: number, recent: boolean): string {
    const known = this.#texts[index];
    if (known !== undefined) return known[recent ? 1 : 0];
    const names = flagNames(this.#view, this.#view.state.flagSets.bitsAt(index));
    const texts = [`FLAGS ${flagList(names)}`, `FLAGS ${flagList([...names, '\\Recent'])}`] as const;
    this.#texts[index] = texts;
    return texts[recent ? 1 : 0];
  }
}
