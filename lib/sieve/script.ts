import type { AddedTag, Check, CommandDefinition, Extension, TestDefinition } from './definition.ts';
import type { Matching } from './match.ts';
import type { Position } from './problem.ts';

/** A script that was checked: every call is bound to its definition, every argument has its name. Never changed. */
export interface CompiledScript {
  readonly commands: readonly CompiledCommand[];
  /** The extensions that it requires, with those that need no `require`; `ihave` may bring more. */
  readonly extensions: readonly Extension[];
}

export interface CompiledNode {
  readonly at: Position;
  readonly name: string;
  /** Positional arguments by their name, tagged ones by theirs with its colon. */
  readonly values: ReadonlyMap<string, Value>;
  /** Checks of the arguments that have variables in them, to be made when these are known. */
  readonly checks: ReadonlyMap<string, Check>;
  readonly matching: Matching;
  /** Tags of other extensions that have something to say about the action. */
  readonly refinements: readonly { readonly tag: AddedTag; readonly value: Value }[];
  readonly tests: readonly CompiledTest[];
  readonly block: readonly CompiledCommand[];
  /** The capabilities in force where it stands. */
  readonly capabilities: ReadonlySet<string>;
  /** Those of them that are only in force when a test has found them (RFC 5463 §4), */
  readonly offers: ReadonlySet<string>;
  /** and those of these that this node makes use of. */
  readonly offersUsed: readonly string[];
}

export interface CompiledCommand extends CompiledNode {
  readonly definition: CommandDefinition;
}

export interface CompiledTest extends CompiledNode {
  readonly definition: TestDefinition;
}

export type Value = true | number | Text | readonly Text[];

/** A string of the script: as it is, or with variables to put in when it is read (RFC 5229 §3). */
export type Text = string | Template;

export interface Template {
  readonly pieces: readonly (string | Reference)[];
}

/** `${name}`, `${1}` or `${namespace.name}`. */
export interface Reference {
  readonly namespace: string | undefined;
  /** In lower case. */
  readonly name: string;
}
