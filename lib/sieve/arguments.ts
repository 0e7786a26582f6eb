import type { Argument, Call, Literal } from './ast.ts';
import type { AddedTag, Check, Parameter, Shape, Tag } from './definition.ts';
import type { SieveLimits } from './limits.ts';
import type { AddressPart, Comparator, Matching, MatchType } from './match.ts';
import type { Position } from './problem.ts';
import { capabilitiesWith, type Vocabulary } from './registry.ts';
import type { CompiledNode, Text, Value } from './script.ts';
import { readTemplate } from './template.ts';

/** Where problems go, `missing` ones come of what is not supported or not required; binding goes on after one, to find them all. */
export type Tell = (at: Position, message: string, missing?: boolean) => void;

export type Bound = Pick<CompiledNode, 'values' | 'checks' | 'matching' | 'refinements'>;

/** Gives every argument of a call its name, and checks it against the shape of its definition (RFC 5228 §2.6). */
export function bindArguments(
  call: Call,
  shape: Shape,
  vocabulary: Vocabulary,
  limits: SieveLimits,
  tell: Tell,
): Bound {
  return new Binder(call, shape, vocabulary, limits, tell).bind();
}

class Binder {
  readonly #call: Call;
  readonly #shape: Shape;
  readonly #vocabulary: Vocabulary;
  readonly #tell: Tell;
  readonly #limits: SieveLimits;
  readonly #added: readonly AddedTag[];
  readonly #values = new Map<string, Value>();
  readonly #checks = new Map<string, Check>();
  readonly #groups = new Map<string, string>();
  readonly #positional: Argument[] = [];
  readonly #given = new Map<string, Argument>();
  #comparator: Comparator | undefined;
  #type: MatchType | undefined;
  #relation = '';
  #part: AddressPart | undefined;
  #broken = false;

  constructor(call: Call, shape: Shape, vocabulary: Vocabulary, limits: SieveLimits, tell: Tell) {
    this.#limits = limits;
    this.#call = call;
    this.#shape = shape;
    this.#vocabulary = vocabulary;
    this.#tell = (at, message, missing) => {
      this.#broken = true;
      tell(at, message, missing);
    };
    this.#added = vocabulary.tags(call.name);
  }

  bind(): Bound {
    const { arguments: given } = this.#call;
    for (let i = 0; i < given.length; i++) {
      const argument = given[i];
      if (argument?.kind === 'tag') i += this.#tag(argument, given[i + 1]);
      else if (argument !== undefined) this.#positional.push(argument);
    }
    this.#bindPositional();
    this.#checkTags();
    const matching = this.#matching();
    const refinements = this.#added.flatMap((tag) => {
      const value = this.#values.get(`:${tag.name}`);
      return value === undefined || tag.refine === undefined ? [] : [{ tag, value }];
    });
    return { values: this.#values, checks: this.#checks, matching, refinements };
  }

  /** Takes a tag, and says how many arguments after it belong to it. */
  #tag(argument: Extract<Argument, { kind: 'tag' }>, next: Argument | undefined): number {
    const { name, at } = argument;
    const known = [...(this.#shape.tags ?? []), ...this.#added].find((tag) => tag.name === name);
    if (known !== undefined) return this.#ownTag(known, at, next);
    if (this.#shape.match === true) {
      if (name === 'comparator') return this.#comparatorTag(at, next);
      const type = this.#row((extension) => extension.matchTypes, name);
      if (type !== undefined) return this.#matchTag(type, at, next);
    }
    const part = this.#shape.addressPart === true ? this.#row((extension) => extension.addressParts, name) : undefined;
    if (part !== undefined) {
      if (this.#part !== undefined) this.#tell(at, `"${this.#call.name}" takes one address part only.`);
      this.#part = part;
      return 0;
    }
    this.#unknownTag(name, at);
    // What follows an unknown tag may be its value: without the definition nobody knows.
    return next?.kind === 'number' ? 1 : 0;
  }

  #unknownTag(name: string, at: Position): void {
    const shown = name.slice(0, 64);
    const needed = [
      ...(this.#shape.match === true ? capabilitiesWith('matchTypes', name) : []),
      ...(this.#shape.addressPart === true ? capabilitiesWith('addressParts', name) : []),
      ...capabilitiesWith('tags', name),
    ].filter((capability) => !this.#vocabulary.has(capability));
    const hint = needed[0] === undefined ? '' : `; require "${needed[0]}" to use it`;
    this.#tell(at, `"${this.#call.name}" does not take ":${shown}"${hint}.`, true);
  }

  #ownTag(tag: Tag, at: Position, next: Argument | undefined): number {
    const key = `:${tag.name}`;
    if (this.#values.has(key)) this.#tell(at, `"${key}" is given twice.`);
    if (tag.group !== undefined) {
      const other = this.#groups.get(tag.group);
      if (other !== undefined && other !== tag.name) {
        this.#tell(at, `":${other}" and "${key}" cannot be given together.`);
      }
      this.#groups.set(tag.group, tag.name);
    }
    if (tag.value === undefined) {
      this.#values.set(key, true);
      return 0;
    }
    if (next === undefined || next.kind === 'tag') {
      this.#tell(at, `"${key}" must be followed by ${described(tag.value.type)}.`);
      return 0;
    }
    this.#set(key, tag.value, next);
    return 1;
  }

  #comparatorTag(at: Position, next: Argument | undefined): number {
    if (this.#comparator !== undefined) this.#tell(at, '":comparator" is given twice.');
    const name = next?.kind === 'strings' && !next.list ? next.values[0]?.text : undefined;
    if (next === undefined || name === undefined) {
      this.#tell(at, '":comparator" must be followed by the name of a comparator.');
      return 0;
    }
    this.#comparator = this.#row((extension) => extension.comparators, name);
    if (this.#comparator === undefined) {
      const known = capabilitiesWith('comparators', name)[0];
      const hint = known === undefined ? 'There is no comparator' : `Require "${known}" to use the comparator`;
      this.#tell(next.at, `${hint} "${name.slice(0, 64)}".`, true);
    }
    return 1;
  }

  #matchTag(type: MatchType, at: Position, next: Argument | undefined): number {
    if (this.#type !== undefined) this.#tell(at, `"${this.#call.name}" takes one match type only.`);
    this.#type = type;
    if (type.relation === undefined) return 0;
    const relation = next?.kind === 'strings' && !next.list ? next.values[0]?.text : undefined;
    const wrong = relation === undefined ? `":${type.name}" must be followed by a relation.` : type.relation(relation);
    if (wrong !== undefined) this.#tell(next?.at ?? at, wrong);
    this.#relation = relation?.toLowerCase() ?? '';
    return relation === undefined ? 0 : 1;
  }

  #bindPositional(): void {
    const parameters = this.#shape.parameters ?? [];
    const optional = parameters.filter((parameter) => parameter.optional === true).length;
    const given = this.#positional.length;
    const { name, at } = this.#call;
    const extra = this.#positional[parameters.length];
    if (extra !== undefined && !this.#broken) this.#tell(extra.at, `"${name}" has too many arguments here.`);
    let left = Math.max(0, given - (parameters.length - optional));
    let index = 0;
    for (const parameter of parameters) {
      if (parameter.optional === true && left-- <= 0) continue;
      const argument = this.#positional[index++];
      if (argument !== undefined) this.#set(parameter.name, parameter, argument);
      else if (!this.#broken) this.#tell(at, `"${name}" needs ${described(parameter.type)}: ${parameter.name}.`);
    }
  }

  #set(key: string, parameter: Omit<Parameter, 'name'>, argument: Argument): void {
    const fits =
      (parameter.type === 'number' && argument.kind === 'number') ||
      (argument.kind === 'strings' &&
        (parameter.type === 'strings' || (parameter.type === 'string' && !argument.list)));
    if (!fits) {
      this.#tell(argument.at, `${capital(described(parameter.type))} must stand here (${key}).`);
      return;
    }
    this.#given.set(key, argument);
    if (argument.kind === 'number') this.#values.set(key, argument.value);
    if (argument.kind !== 'strings') return;
    const texts = argument.values.map((literal) => this.#text(key, parameter, literal));
    this.#values.set(key, parameter.type === 'strings' ? texts : (texts[0] ?? ''));
  }

  #text(key: string, parameter: Omit<Parameter, 'name'>, literal: Literal): Text {
    let text = literal.text;
    for (const extension of this.#vocabulary.extensions) {
      const changed = extension.string?.(text) ?? text;
      if (typeof changed !== 'string') this.#tell(literal.at, changed.problem);
      else text = changed;
    }
    const template = this.#vocabulary.has('variables')
      ? readTemplate(text, this.#limits.captures, (name) => this.#knows(name))
      : text;
    if (typeof template === 'object' && 'problem' in template) {
      this.#tell(literal.at, template.problem);
      return text;
    }
    if (typeof template === 'string') {
      const wrong = parameter.check?.(template, (name) => this.#values.has(name));
      if (wrong !== undefined) this.#tell(literal.at, wrong);
    } else if (parameter.constant === true) this.#tell(literal.at, 'A variable cannot be used here.');
    else if (parameter.check !== undefined) this.#checks.set(key, parameter.check);
    return template;
  }

  #knows(namespace: string): boolean {
    return this.#vocabulary.extensions.some((extension) =>
      extension.namespaces?.some(({ name }) => name === namespace),
    );
  }

  #checkTags(): void {
    for (const tag of [...(this.#shape.tags ?? []), ...this.#added]) {
      const given = this.#values.has(`:${tag.name}`);
      this.#checkNeeds(tag, given);
      const there = given || (tag.group !== undefined && this.#groups.has(tag.group));
      if (tag.mandatory === true && !there && !this.#broken) {
        const group = (this.#shape.tags ?? []).filter(({ group }) => group !== undefined && group === tag.group);
        const names = (group.length > 0 ? group : [tag]).map(({ name }) => `":${name}"`);
        this.#tell(this.#call.at, `"${this.#call.name}" needs ${names.join(' or ')}.`);
      }
    }
  }

  #matching(): Matching {
    const type = this.#type ?? this.#row((extension) => extension.matchTypes, 'is');
    const comparator = this.#comparator ?? this.#row((extension) => extension.comparators, 'i;ascii-casemap');
    const part = this.#part ?? this.#row((extension) => extension.addressParts, 'all');
    if (type === undefined || comparator === undefined || part === undefined)
      throw new Error('the core has no defaults');
    if (type.substrings && !comparator.substrings) {
      this.#tell(this.#call.at, `The comparator "${comparator.name}" cannot be used with ":${type.name}".`);
    }
    if (type.compares === false && this.#comparator !== undefined) {
      this.#tell(this.#call.at, `":${type.name}" takes no comparator.`);
    }
    this.#checkKeys(type);
    const given = new Set<'comparator' | 'part'>();
    if (this.#comparator !== undefined) given.add('comparator');
    if (this.#part !== undefined) given.add('part');
    return { comparator, type, relation: this.#relation, part, given };
  }

  #checkNeeds({ name, needs }: Tag, given: boolean): void {
    if (!given || needs === undefined || this.#values.has(`:${needs}`) || this.#groups.has(needs)) return;
    const group = [...(this.#shape.tags ?? []), ...this.#added].filter((tag) => tag.group === needs);
    const names = group.length === 0 ? [`":${needs}"`] : group.map((tag) => `":${tag.name}"`);
    this.#tell(this.#call.at, `":${name}" can only be given together with ${names.join(' or ')}.`);
  }

  /** What the match type has to say of the keys that are known. */
  #checkKeys({ checkKey }: MatchType): void {
    const given = this.#given.get('keys');
    const keys = this.#values.get('keys');
    if (checkKey === undefined || given?.kind !== 'strings' || !Array.isArray(keys)) return;
    for (const [index, key] of keys.entries()) {
      const wrong = typeof key === 'string' ? checkKey(key, this.#limits) : undefined;
      if (wrong !== undefined) this.#tell(given.values[index]?.at ?? given.at, wrong);
    }
  }

  #row<T extends { readonly name: string }>(
    rows: (extension: Vocabulary['extensions'][number]) => readonly T[] | undefined,
    name: string,
  ): T | undefined {
    for (const extension of this.#vocabulary.extensions) {
      const row = rows(extension)?.find((candidate) => candidate.name === name);
      if (row !== undefined) return row;
    }
    return undefined;
  }
}

function described(type: Parameter['type']): string {
  if (type === 'number') return 'a number';
  return type === 'string' ? 'a string' : 'a string or a list of strings';
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
