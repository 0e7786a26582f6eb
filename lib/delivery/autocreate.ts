import { type Config, ConfigError } from '../base/config.ts';
import { readConfigFile } from '../base/config-file.ts';
import type { Log } from '../base/log.ts';
import { compileScript, problemText } from '../sieve/check.ts';
import type { User } from '../store/directory.ts';
import { StoreError } from '../store/errors.ts';
import { type FirstMailboxes, makeFirstMailboxes } from '../store/first-mailboxes.ts';
import type { MailStore } from '../store/mail-store.ts';
import { checkName } from '../store/names.ts';
import { spellings } from './places.ts';

/** Users of whom a process remembers that they have mailboxes. */
const MAX_REMEMBERED = 10_000;

export interface AutocreateOptions extends FirstMailboxes {
  /** Users and groups that get mailboxes; `anyone` is everybody. */
  readonly users: readonly string[];
  /** Users that never do: administrators. */
  readonly except: readonly string[];
  readonly onMade?: (user: User) => void;
}

/** Makes the mailboxes of users who have a password, or a directory entry, and none yet (`autocreatequota`). */
export class Autocreate {
  readonly #store: MailStore;
  readonly #options: AutocreateOptions;
  /** By tree: whose mailboxes are taken away has another. */
  readonly #settled = new Set<string>();

  constructor(store: MailStore, options: AutocreateOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Sees to it that the user has INBOX, if the configuration wants that; a user seen before costs no read. */
  async settle(user: User): Promise<void> {
    if (this.#settled.has(user.tree) || !this.#isMeant(user)) return;
    if (await makeFirstMailboxes(this.#store, user, this.#options)) this.#options.onMade?.(user);
    this.#settled.add(user.tree);
    const [oldest] = this.#settled;
    if (this.#settled.size > MAX_REMEMBERED && oldest !== undefined) this.#settled.delete(oldest);
  }

  #isMeant({ name, groups }: User): boolean {
    const { users, except } = this.#options;
    if (except.includes(name)) return false;
    return users.some((one) => one === 'anyone' || one === name || groups.some((group) => one === `group:${group}`));
  }
}

/** What the configuration says of it, with the script read and checked; undefined: nobody gets mailboxes unasked. */
export function autocreateOfConfig(store: MailStore, config: Config, log: Log): Autocreate | undefined {
  const { autocreatequota: older, autocreate_quota: newer } = config;
  if (older === 0 && newer < 0) return undefined;
  const kib = older === 0 ? newer : older;
  const script = readScriptFile(config.autocreate_sieve_script);
  return new Autocreate(store, {
    quotaKib: kib > 0 ? kib : undefined,
    folders: folderNames('autocreate_inbox_folders', config.autocreate_inbox_folders),
    subscribed: folderNames('autocreate_subscribe_folders', config.autocreate_subscribe_folders),
    users: config.autocreate_users,
    except: config.admins,
    ...(script && { script }),
    onMade: ({ name }) => {
      log.info({ user: name }, `autocreateinbox: User ${name}, INBOX was successfully created`);
      if (script) log.info({ user: name }, `autocreate_sieve: User ${name}, default sieve script creation succeeded`);
    },
  });
}

/** The names as they are here, of such as `INBOX.Sent` and `Sent`. */
function folderNames(key: string, given: readonly string[]): readonly string[] {
  return given.map((one) => {
    const name = spellings(one).at(-1) ?? one;
    try {
      checkName(name);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      throw new ConfigError(`${key}: ${JSON.stringify(one)}: ${error.message}`);
    }
    return name;
  });
}

function readScriptFile(file: string): Buffer | undefined {
  if (file === '') return undefined;
  const text = readConfigFile('autocreate_sieve_script', file);
  const result = compileScript(text);
  if ('script' in result) return text;
  throw new ConfigError(`autocreate_sieve_script: ${file}: ${problemText(result.problems.slice(0, 3))}`);
}
