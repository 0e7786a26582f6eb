import type { Action } from './actions.ts';
import type { AddressPart, Comparator, MatchType } from './match.ts';
import type { Answering } from './question.ts';
import type { Run } from './run.ts';
import type { CompiledNode, CompiledTest, Value } from './script.ts';

/**
 * One capability and all that it adds to the language. An extension is a file in `extensions/` that exports one or
 * more of these, and their rows in `extensions/table.ts`; nothing else knows it.
 */
export interface Extension {
  /** As `require` names it; empty for what needs no `require`. */
  readonly capability: string;
  /** Capabilities that are required with it. */
  readonly implies?: readonly string[];
  /** Can be required, but is not announced: nothing here makes use of it yet. */
  readonly quiet?: boolean;
  /** Changes how the script itself is read: no test can bring it (RFC 5463 §4). */
  readonly changesReading?: boolean;
  /** Means something only when a message is delivered (RFC 6785 §3.11). */
  readonly deliveryOnly?: boolean;
  readonly commands?: readonly CommandDefinition[];
  readonly tests?: readonly TestDefinition[];
  /** Tagged arguments added to commands and tests of others. */
  readonly tags?: readonly AddedTag[];
  readonly comparators?: readonly Comparator[];
  readonly matchTypes?: readonly MatchType[];
  readonly addressParts?: readonly AddressPart[];
  /** Namespaces of variables (RFC 5229 §3), without the dot. */
  readonly namespaces?: readonly Namespace[];
  /** Modifiers of `set` (RFC 5229 §4.1). */
  readonly modifiers?: readonly Modifier[];
  /** Changes every string of the script before anything else reads it; gives a problem instead of throwing. */
  readonly string?: (text: string) => string | { readonly problem: string };
  /** Completes every action, the implicit keep included, before the tags of its command do. */
  readonly onAction?: (action: Action, run: Run) => Action;
}

/** What a command or test is written like. */
export interface Shape {
  /** Positional arguments, in order; what is optional comes first, as in RFC 5232 §3. */
  readonly parameters?: readonly Parameter[];
  readonly tags?: readonly Tag[];
  /** Takes a comparator and a match type (RFC 5228 §2.7). */
  readonly match?: boolean;
  /** Takes an address part (RFC 5228 §2.7.4). */
  readonly addressPart?: boolean;
  /** Takes one test, or a list of tests. */
  readonly tests?: 'one' | 'list';
  /** Takes a block of commands. */
  readonly block?: boolean;
  /** Capabilities that are in force after it. */
  readonly brings?: (node: CompiledNode) => readonly string[];
  /** Capabilities that may be in force after it: the run will tell. */
  readonly offers?: (node: CompiledNode) => readonly string[];
  /** What only looking at all arguments can tell; gives a sentence when something is wrong. */
  readonly check?: (node: CompiledNode) => string | undefined;
}

export interface Parameter {
  readonly name: string;
  readonly type: 'string' | 'strings' | 'number';
  readonly optional?: boolean;
  /** No variables are put in. */
  readonly constant?: boolean;
  /** Asked when the script is checked, or when its variables are known. */
  readonly check?: Check;
}

/** Tells what is wrong with a string, if anything; `has` says whether an argument is given, `:list`. */
export type Check = (text: string, has: (name: string) => boolean) => string | undefined;

export interface Tag {
  /** Without the colon, in lower case. */
  readonly name: string;
  readonly value?: Omit<Parameter, 'name' | 'optional'>;
  /** Of tags with the same group only one may be given. */
  readonly group?: string;
  /** Another tag, or a group of which one must be given: without it this one means nothing. */
  readonly needs?: string;
  /** May not be left out; with a group, one of the group. */
  readonly mandatory?: boolean;
}

export interface AddedTag extends Tag {
  /** The commands and tests that take it. */
  readonly to: readonly string[];
  /** Completes the action of the command that has the tag. */
  readonly refine?: (action: Action, value: Value, run: Run) => Action;
}

export interface CommandDefinition extends Shape {
  readonly name: string;
  /** Must follow one of these commands (RFC 5228 §3.1). */
  readonly follows?: readonly string[];
  /** Must stand inside one of these blocks, at any depth. */
  readonly inside?: readonly string[];
  readonly run: (node: CompiledNode, run: Run) => Answering<void> | undefined | void;
}

export interface TestDefinition extends Shape {
  readonly name: string;
  readonly run: (node: CompiledTest, run: Run) => boolean | Answering<boolean>;
}

export interface Namespace {
  readonly name: string;
  readonly read: (name: string, run: Run) => string;
  /** Left out when `set` may not write it. */
  readonly write?: (name: string, value: string, run: Run) => void;
}

export interface Modifier {
  readonly name: string;
  /** RFC 5229 §4.1: the higher is applied first, two of the same are an error. */
  readonly precedence: number;
  readonly apply: (text: string) => string;
}
