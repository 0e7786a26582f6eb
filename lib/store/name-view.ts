import { type Account, OTHER_USERS, SHARED_FOLDERS } from './account.ts';
import { NO_DOMAIN, splitUserName } from './directory.ts';
import { INBOX, parentOf, SEPARATOR } from './tree-view.ts';

/** A name as it is shown, with `/` between its levels whatever the client has there; the domain is at the very end. */
interface Shown {
  readonly text: string;
  /** `@example.net`, or ''. */
  readonly suffix: string;
}

/** First segment of users' mailboxes where all are called from one root: `user/joe` is joe's INBOX, `user/joe/Sent` beside it. */
const USER = 'user';

/**
 * Translates between names of the store (`INBOX`, `Sent`, `Other Users/joe/Sent`, `Shared Folders/News`) and what a user calls
 * mailboxes. Both ways, and without loss: every name of one side is some name of the other.
 *
 *     store                       default        altnamespace off    and unixhierarchysep off
 *     Sent                        Sent           INBOX/Sent          INBOX.Sent
 *     INBOX/Sent                  INBOX/Sent     INBOX/INBOX/Sent    INBOX.INBOX.Sent
 *     Other Users/joe/INBOX       the same       user/joe            user.joe
 *     Other Users/joe/Sent        the same       user/joe/Sent       user.joe.Sent
 *     Shared Folders/News         the same       News                News
 *     a.b                         a.b            INBOX/a.b           INBOX.a^b
 *
 * Administrators always name mailboxes as with `altnamespace` off, with the domain of other domains: `user/joe/Sent@example.net`.
 */
export class NameView {
  readonly separator: string;
  readonly #isAlternative: boolean;
  readonly #isAdmin: boolean;
  readonly #domain: string;

  constructor({ user, isAdmin, naming }: Pick<Account, 'user' | 'isAdmin' | 'naming'>) {
    const { altNamespace, unixHierarchySep } = naming;
    this.separator = unixHierarchySep ? SEPARATOR : '.';
    this.#isAlternative = altNamespace && !isAdmin;
    this.#isAdmin = isAdmin;
    this.#domain = splitUserName(user.name).domain;
  }

  /** What precedes the names of the own mailboxes, those of other users, and shared ones (RFC 2342 §5). */
  get prefixes(): { readonly own: string; readonly others: string; readonly shared: string } {
    if (!this.#isAlternative)
      return { own: `${INBOX}${this.separator}`, others: `${USER}${this.separator}`, shared: '' };
    return { own: '', others: `${OTHER_USERS}${this.separator}`, shared: `${SHARED_FOLDERS}${this.separator}` };
  }

  /** The store's name for one that a user gives. */
  fromWire(name: string): string {
    // A name that ends in the separator says that others will be below it (RFC 9051 §6.3.4).
    if (name.length > 1 && name.endsWith(this.separator)) return `${this.fromWire(name.slice(0, -1))}${SEPARATOR}`;
    if (this.#isAlternative) return this.#slashed(name);
    const [, text = name, suffix = ''] = this.#hasDomain(name) ? (/^(.*)(@[A-Za-z0-9.-]+)$/s.exec(name) ?? []) : [];
    return this.#stored({ text: this.#slashed(text), suffix: suffix.toLowerCase() });
  }

  toWire(name: string): string {
    const { text, suffix } = this.#shown(name);
    return `${this.#separated(text)}${suffix}`;
  }

  /** What a pattern is compared with: the name as it is shown, with `/` between its levels. */
  shown(name: string): string {
    const { text, suffix } = this.#shown(name);
    return `${text}${suffix}`;
  }

  /** A pattern (or its beginning) for names as they are shown. */
  fromPattern(pattern: string): string {
    const [, text = pattern, suffix = ''] =
      !this.#isAlternative && this.#hasDomain(pattern) ? (/^(.*)(@[A-Za-z0-9.*%-]+)$/s.exec(pattern) ?? []) : [];
    return `${this.#slashed(text)}${suffix}`;
  }

  /** The name above, as the user sees it; both are the store's. */
  parentOf(name: string): string | undefined {
    if (this.#isAlternative) return parentOf(name);
    const { text, suffix } = this.#shown(name);
    const above = parentOf(text);
    if (above === undefined) return undefined;
    return above === USER ? OTHER_USERS : this.#stored({ text: above, suffix });
  }

  /** Whether a name is another one or below it, as the user sees them. */
  isWithin(name: string, top: string): boolean {
    for (let at: string | undefined = name; at !== undefined; at = this.parentOf(at)) if (at === top) return true;
    return false;
  }

  /** A domain is said of others' mailboxes, and by administrators of shared ones. */
  #hasDomain(name: string): boolean {
    const [first = ''] = name.split(this.separator);
    return first === USER || (this.#isAdmin && first.toUpperCase() !== INBOX);
  }

  #shown(name: string): Shown {
    if (this.#isAlternative) return { text: name, suffix: '' };
    const [first = '', owner = '', ...rest] = name.split(SEPARATOR);
    if (first.startsWith(`${OTHER_USERS}@`)) return { text: USER, suffix: first.slice(OTHER_USERS.length) };
    if (first === OTHER_USERS) {
      if (owner === '') return { text: name.replace(OTHER_USERS, USER), suffix: '' };
      const { local, domain } = splitUserName(owner);
      const below = rest.length === 0 ? '' : shownBelow(rest.join(SEPARATOR));
      return { text: `${USER}${SEPARATOR}${local}${below}`, suffix: this.#suffixOf(domain) };
    }
    if (first === SHARED_FOLDERS || first.startsWith(`${SHARED_FOLDERS}@`)) {
      const domain = first.slice(SHARED_FOLDERS.length + 1);
      return { text: name.slice(first.length + 1), suffix: domain === '' ? '' : `@${domain}` };
    }
    return { text: name === '' ? '' : `${INBOX}${shownBelow(name)}`, suffix: '' };
  }

  #suffixOf(domain: string): string {
    return domain === NO_DOMAIN || domain === this.#domain ? '' : `@${domain}`;
  }

  #stored({ text, suffix }: Shown): string {
    const [first = '', owner = '', ...rest] = text.split(SEPARATOR);
    if (first.toUpperCase() === INBOX) return storedBelow(text.split(SEPARATOR).slice(1));
    if (first === USER) {
      if (owner === '') return `${OTHER_USERS}${this.#suffixOf(suffix === '' ? NO_DOMAIN : suffix.slice(1))}`;
      const own = this.#domain === NO_DOMAIN ? '' : `@${this.#domain}`;
      const whole = owner.includes('@') ? owner : `${owner}${suffix === '' ? own : suffix}`;
      return [OTHER_USERS, whole, storedBelow(rest)].join(SEPARATOR);
    }
    if (text === '') return '';
    return `${SHARED_FOLDERS}${suffix === `@${this.#domain}` ? '' : suffix}${SEPARATOR}${text}`;
  }

  /** With `.` between levels, a dot within one is `^` as in Cyrus, and so that nothing is lost, `^` is `/`. */
  #slashed(text: string): string {
    return this.separator === SEPARATOR ? text : text.replace(/[./^]/g, (one) => fromDotted[one] ?? one);
  }

  #separated(text: string): string {
    return this.separator === SEPARATOR ? text : text.replace(/[./^]/g, (one) => toDotted[one] ?? one);
  }
}

const fromDotted: Readonly<Record<string, string>> = { '.': '/', '^': '.', '/': '^' };
const toDotted: Readonly<Record<string, string>> = { '/': '.', '.': '^', '^': '/' };

/**
 * What is shown after the INBOX of an account for a path in it. Paths below the store's INBOX are one level deeper, so that
 * they have names too; those that are only INBOXes stay, or there would be none for them.
 */
function shownBelow(path: string): string {
  const [first = '', ...rest] = path.split(SEPARATOR);
  if (first.toUpperCase() !== INBOX) return `${SEPARATOR}${path}`;
  if (rest.every(isInbox)) return [first, ...rest].join(SEPARATOR).slice(INBOX.length);
  return ['', INBOX, ...rest].join(SEPARATOR);
}

function storedBelow(below: readonly string[]): string {
  if (below.every(isInbox)) return [INBOX, ...below].join(SEPARATOR);
  return (isInbox(below[0] ?? '') ? [INBOX, ...below.slice(1)] : below).join(SEPARATOR);
}

function isInbox(segment: string): boolean {
  return segment.toUpperCase() === INBOX;
}
