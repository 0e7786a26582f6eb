import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { type Id, idFromBytes, idToBytes } from '../base/ids.ts';
import { StoreError } from './errors.ts';
import { assertFormat } from './head.ts';
import { DOMAIN_PREFIX, directoryKey, domainKey, SYSTEM_PK } from './keys.ts';
import type { Index, Item, Key } from './ports.ts';

/** A user: where the mail is, and how the password is checked. */
export interface User {
  /** `local` or `local@domain`, lower case. */
  readonly name: string;
  readonly id: Id;
  readonly tree: Id;
  readonly space: Id;
  /** A PHC string (argon2id); undefined: cannot log in. */
  readonly verifier: string | undefined;
  readonly groups: readonly string[];
  /** Of the directory item. */
  readonly rev: number;
}

const FORMAT = 1;
/** Domain under which users without one are kept. */
export const NO_DOMAIN = '-';

/** `local` and `domain` of a user name; the domain is `-` when there is none. */
export function splitUserName(name: string): { readonly local: string; readonly domain: string } {
  const at = name.lastIndexOf('@');
  return at < 0 ? { local: name, domain: NO_DOMAIN } : { local: name.slice(0, at), domain: name.slice(at + 1) };
}

/** Where a user's entry is. */
export function directoryKeyOf(name: string): Key {
  const { local, domain } = splitUserName(name);
  return directoryKey(domain, local);
}

/** The users, by domain and name. Credentials are here; nothing secret that could be read back is. */
export class Directory {
  readonly #index: Index;

  constructor(index: Index) {
    this.#index = index;
  }

  async find(name: string): Promise<User | undefined> {
    const item = await this.#index.get(directoryKeyOf(name));
    return item === undefined ? undefined : decodeUser(name, item);
  }

  /** Adds a user whose tree is there already (objects first); `already-exists` when the name is taken. */
  async add(user: Omit<User, 'rev'>): Promise<User> {
    await this.#index.put(domainKey(splitUserName(user.name).domain), { r: 1 }, 'absent');
    const added: User = { ...user, rev: 1 };
    const result = await this.#index.put(directoryKeyOf(user.name), encodeUser(added), 'absent');
    if (result.ok) return added;
    const there = result.current === undefined ? undefined : decodeUser(user.name, result.current);
    if (there?.id === user.id) return there;
    throw new StoreError('already-exists', `user ${user.name} exists already`);
  }

  /** Replaces a user's entry, if nobody else has since it was read. */
  async update(user: User): Promise<User> {
    const next: User = { ...user, rev: user.rev + 1 };
    const item = encodeUser(next);
    const result = await this.#index.put(directoryKeyOf(user.name), item, { rev: user.rev });
    if (!result.ok && !isSame(result.current, item)) throw changedMeanwhile(user);
    return next;
  }

  /** Removes a user's entry, if nobody else has changed it since it was read. */
  async remove(user: User): Promise<void> {
    const result = await this.#index.delete(directoryKeyOf(user.name), { rev: user.rev });
    if (!result.ok && result.current !== undefined) throw changedMeanwhile(user);
  }

  /** All users in order of domain and name. */
  async *list(): AsyncGenerator<User> {
    for await (const domain of this.domains()) {
      let after: Buffer | undefined;
      do {
        const { pk } = directoryKey(domain, '');
        const page = await this.#index.query({ pk, ...(after && { after }), limit: 500 });
        for (const { sk, item } of page.rows) {
          const local = sk.toString('utf8');
          yield decodeUser(domain === NO_DOMAIN ? local : `${local}@${domain}`, item);
        }
        after = page.next;
      } while (after !== undefined);
    }
  }

  async *domains(): AsyncGenerator<string> {
    let after: Buffer | undefined;
    do {
      const page = await this.#index.query({ pk: SYSTEM_PK, prefix: DOMAIN_PREFIX, ...(after && { after }) });
      for (const { sk } of page.rows) yield sk.subarray(DOMAIN_PREFIX.length).toString('utf8');
      after = page.next;
    } while (after !== undefined);
  }
}

/** Our own write, whose answer was lost, is no conflict (Rule 3). */
function isSame(current: Item | undefined, item: Item): boolean {
  const [a, b] = [current?.d, item.d];
  return current?.r === item.r && a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0;
}

function changedMeanwhile({ name }: User): StoreError {
  return new StoreError('in-use', `user ${name} was changed by somebody else: try again`);
}

/** A user's entry as it is stored. */
export function encodeUser(user: User): Item & { readonly d: Buffer } {
  const to = new ByteWriter(256).u8(FORMAT).fixed(idToBytes(user.id)).fixed(idToBytes(user.tree));
  to.fixed(idToBytes(user.space)).string(user.verifier ?? '');
  to.varint(user.groups.length);
  for (const group of user.groups) to.string(group);
  return { r: user.rev, d: to.finish() };
}

export function decodeUser(name: string, item: Item): User {
  if (!(item.d instanceof Uint8Array) || typeof item.r !== 'number') {
    throw new StoreError('format', `the directory entry of ${name} lacks d or r`);
  }
  const from = new ByteReader(item.d);
  assertFormat(from.u8(), FORMAT, 'a directory entry');
  const [id, tree, space] = [idFromBytes(from.fixed(16)), idFromBytes(from.fixed(16)), idFromBytes(from.fixed(16))];
  const verifier = from.string();
  const groups = Array.from({ length: from.varint() }, () => from.string());
  return { name, id, tree, space, verifier: verifier === '' ? undefined : verifier, groups, rev: item.r };
}
