import type { Bound } from './arguments.ts';
import type { Call } from './ast.ts';
import type { AddedTag, CommandDefinition, Extension, Shape, TestDefinition } from './definition.ts';
import { extensions } from './extensions/table.ts';

/** Every capability that is announced, in the order of the table. */
export function sieveCapabilities(): string[] {
  return extensions
    .filter(({ capability, quiet }) => capability !== '' && quiet !== true)
    .map(({ capability }) => capability);
}

/** The extension of a capability (RFC 5228 §3.2), or undefined. */
export function extensionOf(capability: string): Extension | undefined {
  return byCapability.get(capability);
}

/** What a script that requires these capabilities can use. */
export class Vocabulary {
  readonly #extensions = new Map<string, Extension>();
  readonly #offered = new Map<string, Extension>();

  constructor() {
    for (const extension of extensions)
      if (extension.capability === '') this.#extensions.set(extension.capability, extension);
    for (const name of alwaysThere) this.add(name);
  }

  /** Brings a capability and what it implies into force; false when there is no such capability. */
  add(capability: string): boolean {
    const extension = byCapability.get(capability);
    if (extension === undefined) return false;
    if (this.#extensions.has(capability)) return true;
    this.#extensions.set(capability, extension);
    for (const implied of extension.implies ?? []) this.add(implied);
    return true;
  }

  /** Brings in what only the run will tell whether it may be used, and what that implies (RFC 5463 §4). */
  offer(capability: string): void {
    const extension = byCapability.get(capability);
    if (extension === undefined || extension.changesReading === true || this.#extensions.has(capability)) return;
    this.#extensions.set(capability, extension);
    this.#offered.set(capability, extension);
    for (const implied of extension.implies ?? []) this.offer(implied);
  }

  get extensions(): readonly Extension[] {
    return [...this.#extensions.values()];
  }

  /** What is in force from the beginning: all but what is offered. */
  get required(): readonly Extension[] {
    return this.extensions.filter((extension) => this.#offered.get(extension.capability) !== extension);
  }

  /** The names of what is offered, as a value that later additions do not change. */
  get offers(): ReadonlySet<string> {
    return this.#offered.size === 0 ? nothing : new Set(this.#offered.keys());
  }

  /** Of what is offered, that which a call with these arguments makes use of. */
  offersUsed({ name }: Call, definition: Shape, { values, matching }: Bound): readonly string[] {
    if (this.#offered.size === 0) return [];
    const given = (tag: { readonly name: string }) => values.has(`:${tag.name}`);
    const isUsed = (extension: Extension) =>
      [...(extension.commands ?? []), ...(extension.tests ?? [])].some((row) => row === definition) ||
      extension.tags?.some((tag) => tag.to.includes(name) && given(tag)) ||
      (modifiable.includes(name) && extension.modifiers?.some(given)) ||
      extension.comparators?.includes(matching.comparator) ||
      extension.matchTypes?.includes(matching.type) ||
      extension.addressParts?.includes(matching.part);
    return [...this.#offered].flatMap(([capability, extension]) => (isUsed(extension) ? [capability] : []));
  }

  has(capability: string): boolean {
    return this.#extensions.has(capability);
  }

  /** The names in force, as a value that later additions do not change. */
  get capabilities(): ReadonlySet<string> {
    return new Set(this.#extensions.keys());
  }

  command(name: string): CommandDefinition | undefined {
    return this.#find((extension) => extension.commands, name);
  }

  test(name: string): TestDefinition | undefined {
    return this.#find((extension) => extension.tests, name);
  }

  /** The tags that extensions add to a command or test; modifiers are tags too, one for each precedence. */
  tags(name: string): readonly AddedTag[] {
    return this.extensions.flatMap(({ tags = [], modifiers = [] }) => [
      ...tags.filter((tag) => tag.to.includes(name)),
      ...(modifiable.includes(name)
        ? modifiers.map((row) => ({ name: row.name, to: [name], group: `${row.precedence}` }))
        : []),
    ]);
  }

  #find<T extends { readonly name: string }>(
    rows: (extension: Extension) => readonly T[] | undefined,
    name: string,
  ): T | undefined {
    for (const extension of this.#extensions.values()) {
      const row = rows(extension)?.find((candidate) => candidate.name === name);
      if (row !== undefined) return row;
    }
    return undefined;
  }
}

/** The capabilities that have something of this name, for the sentence that says what to require. */
export function capabilitiesWith(
  kind: 'commands' | 'tests' | 'comparators' | 'matchTypes' | 'addressParts' | 'tags',
  name: string,
): string[] {
  return extensions
    .filter((extension) => extension[kind]?.some((row) => row.name === name))
    .map(({ capability }) => capability);
}

const nothing: ReadonlySet<string> = new Set();

const byCapability: ReadonlyMap<string, Extension> = new Map(
  extensions.map((extension) => [extension.capability, extension]),
);

/** Commands that take the modifiers of variables (RFC 5229 §4.1, RFC 5703 §7). */
const modifiable = ['set', 'extracttext'];

/** Comparators that need no `require` (RFC 5228 §2.7.3). */
const alwaysThere = ['comparator-i;octet', 'comparator-i;ascii-casemap'];
