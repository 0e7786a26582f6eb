import { annotationsOf, metadataOf } from '../../../lib/store/metadata.ts';
import type { ListedName } from '../../../lib/store/names.ts';
import type { Context } from '../context.ts';
import type { EventGroup } from '../wire/commands.ts';
import { changedMetadata } from '../wire/write/metadata.ts';
import { eventsOf } from './groups.ts';

/** Annotations by mailbox, '' for the server. */
type Known = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** What NOTIFY tells of annotations (RFC 5465 §5.6, §5.7): of the user's own mailboxes, and of the server. */
export class MetadataChanges {
  readonly #context: Context;
  readonly #groups: readonly EventGroup[];
  readonly #ofServer: boolean;
  readonly #ofMailboxes: boolean;
  #known: Known = new Map();

  constructor(context: Context, groups: readonly EventGroup[]) {
    this.#context = context;
    this.#groups = groups;
    this.#ofServer = groups.some(({ events }) => events.has('SERVERMETADATACHANGE'));
    this.#ofMailboxes = groups.some(({ events }) => events.has('MAILBOXMETADATACHANGE'));
  }

  /** Takes in how they are now; answers the responses for what has changed since the last time. */
  async look(names: readonly ListedName[]): Promise<string[]> {
    const [before, now] = [this.#known, await this.#read(names)];
    this.#known = now;
    const texts: string[] = [];
    for (const [name, values] of now) {
      const had = before.get(name);
      // A mailbox that was not looked at before has no news.
      if (had === undefined) continue;
      const entries = [...new Set([...had.keys(), ...values.keys()])];
      const changed = entries.filter((entry) => had.get(entry) !== values.get(entry));
      if (changed.length > 0) texts.push(changedMetadata(name, changed.sort(), this.#context.dialect));
    }
    return texts;
  }

  async #read(names: readonly ListedName[]): Promise<Known> {
    const known = new Map<string, ReadonlyMap<string, string>>();
    const { account } = this.#context;
    if (this.#ofServer) known.set('', await metadataOf(account, ''));
    if (!this.#ofMailboxes) return known;
    const { view } = await account.tree.refresh();
    for (const row of names) {
      const isOwn = row.mailbox !== undefined && view.binding(row.name)?.mailbox === row.mailbox;
      if (!isOwn || !eventsOf(this.#groups, row, this.#context.names).has('MAILBOXMETADATACHANGE')) continue;
      known.set(row.name, new Map(annotationsOf(account, view, row.name)));
    }
    return known;
  }
}
