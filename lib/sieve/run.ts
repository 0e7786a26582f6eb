import type { ReadBytes } from '../message/text.ts';
import { type Action, conflict } from './actions.ts';
import type { Extension } from './definition.ts';
import type { SieveLimits } from './limits.ts';
import type { SieveEnvironment, SieveMessage } from './message.ts';
import { type Position, SieveFailure } from './problem.ts';
import { type Answering, ask, type QuestionKind, type Questions } from './question.ts';
import type { CompiledCommand, CompiledNode, CompiledScript, CompiledTest, Reference, Text } from './script.ts';

/** What was executed, for tests and for those who ask why: `12:3 fileinto`. */
export type Trace = readonly string[];

export interface RunSetting {
  readonly message: SieveMessage;
  readonly environment: SieveEnvironment;
  readonly limits: SieveLimits;
  /** What a capability names; undefined when there is no such. */
  readonly extensionOf: (capability: string) => Extension | undefined;
  readonly traced: boolean;
}

/** The state of one run of a script; what runs in it are the definitions of the registry. */
export class Run {
  /** As it is now: `replace` and `enclose` make another one. */
  message: SieveMessage;
  readonly environment: SieveEnvironment;
  readonly limits: SieveLimits;
  readonly actions: Action[] = [];
  readonly trace: string[] | undefined;
  /** Variables of the script that runs; includes have their own (RFC 6609 §3.4). */
  variables = new Map<string, string>();
  /** Variables of all scripts, and which names mean them in the script that runs. */
  readonly globals = new Map<string, string>();
  shared = new Set<string>();
  /** `${0}`, `${1}`, ... of the last `:matches` that matched (RFC 5229 §3.2). */
  captures: readonly string[] = [];
  /** Whether the message is kept at the end without being told (RFC 5228 §2.10.2). */
  implicitKeep = true;
  /** Why the commands that follow are passed over. */
  halted: 'stop' | 'return' | 'break' | undefined;
  /** Whether a branch of the `if` before was taken (RFC 5228 §3.1). */
  branchTaken = false;
  /** Every extension that any script of the run requires, or has found. */
  readonly extensions = new Set<Extension>();
  readonly #extensionOf: (capability: string) => Extension | undefined;
  /** Capabilities that tests of the script that runs have brought (RFC 5463 §4). */
  #brought = new Set<string>();
  /** The call that is evaluated, for the position of a failure. */
  #at: Position = { line: 1, column: 1 };
  #steps = 0;
  #pauseAt: number;
  #redirects = 0;
  #questions = 0;
  /** Variables of the scripts around the one that runs. */
  #outside = 0;
  #content: ReadBytes | undefined;
  readonly #slots = new Map<symbol, unknown>();

  constructor(setting: RunSetting) {
    this.message = setting.message;
    this.environment = setting.environment;
    this.limits = setting.limits;
    this.#pauseAt = setting.limits.stepsAtOnce;
    this.#extensionOf = setting.extensionOf;
    this.trace = setting.traced ? [] : undefined;
  }

  /** Runs a script from its first command; its extensions are in force from now on. */
  *script(script: CompiledScript): Answering<void> {
    for (const extension of script.extensions) {
      if (extension.deliveryOnly === true && this.environment.imapEvent === true) {
        this.fail(`"${extension.capability}" cannot be used where no message is delivered.`);
      }
      this.extensions.add(extension);
    }
    yield* this.block(script.commands);
  }

  *block(commands: readonly CompiledCommand[]): Answering<void> {
    const outer = this.branchTaken;
    this.branchTaken = false;
    for (const command of commands) {
      this.#enter(command);
      const running = command.definition.run(command, this);
      if (running !== undefined) yield* running;
      if (this.halted !== undefined) break;
      if (this.#steps >= this.#pauseAt) {
        this.#pauseAt = this.#steps + this.limits.stepsAtOnce;
        yield* ask('pause', {});
      }
    }
    this.branchTaken = outer;
  }

  /** Brings capabilities into force for the rest of the script that runs: all of them, or none and false (RFC 5463 §4). */
  bring(node: CompiledNode, capabilities: readonly string[]): boolean {
    const isThere = (capability: string) => {
      if (this.inForce(node, capability)) return true;
      const extension = this.#extensionOf(capability);
      if (extension === undefined || extension.changesReading === true) return false;
      return extension.deliveryOnly !== true || this.environment.imapEvent !== true;
    };
    if (!capabilities.every(isThere)) return false;
    for (const capability of capabilities) this.#bring(capability);
    return true;
  }

  #bring(capability: string): void {
    const extension = this.#extensionOf(capability);
    if (extension === undefined || this.#brought.has(capability)) return;
    this.#brought.add(capability);
    this.extensions.add(extension);
    for (const implied of extension.implies ?? []) this.#bring(implied);
  }

  /** Whether a capability can be made use of at this node, now. */
  inForce({ capabilities, offers }: CompiledNode, capability: string): boolean {
    return capabilities.has(capability) && (!offers.has(capability) || this.#brought.has(capability));
  }

  /** Evaluates a test. Most need not wait: only a generator is delegated to. */
  *test(test: CompiledTest | undefined): Answering<boolean> {
    if (test === undefined) return false;
    this.#enter(test);
    const result = test.definition.run(test, this);
    return typeof result === 'boolean' ? result : yield* result;
  }

  /** Takes an action for a command, completed by the extensions and tags that have a say in it. */
  act(node: CompiledNode, action: Action): void {
    let complete = this.complete(action);
    for (const { tag, value } of node.refinements) complete = tag.refine?.(complete, value, this) ?? complete;
    // RFC 3894 §3: a copy leaves the implicit keep as it is.
    if ((complete.kind === 'fileinto' || complete.kind === 'redirect') && complete.copy !== true) {
      this.implicitKeep = false;
    }
    this.take(complete);
  }

  /** The action as the extensions of the script complete it. */
  complete(action: Action): Action {
    let complete = action;
    for (const extension of this.extensions) complete = extension.onAction?.(complete, this) ?? complete;
    return complete;
  }

  /** Puts an action on the list, once: delivering twice to one place is delivering once (RFC 5228 §2.10.3). */
  take(action: Action): void {
    const wrong = conflict(this.actions, action);
    if (wrong !== undefined) this.fail(wrong);
    const same = this.actions.findIndex((before) => samePlace(before, action));
    if (same >= 0) {
      this.actions[same] = action;
      return;
    }
    if (this.actions.length >= this.limits.actions) this.fail(`More than ${this.limits.actions} actions.`);
    if (action.kind === 'redirect' && ++this.#redirects > this.limits.redirects) {
      this.fail(`More than ${this.limits.redirects} redirections.`);
    }
    this.actions.push(action);
  }

  /** Takes actions back. */
  drop(which: (action: Action) => boolean): void {
    const kept = this.actions.filter((action) => !which(action));
    this.actions.splice(0, this.actions.length, ...kept);
  }

  /** Ends the run; the message is kept. */
  fail(message: string): never {
    throw new SieveFailure(this.#at, message);
  }

  /** Counts steps, and the characters they look at or make. */
  spend(steps: number, chars = 0): void {
    this.#steps += steps + chars / this.limits.stepChars;
    if (this.#steps > this.limits.steps) this.fail('The script takes too many steps.');
  }

  /** Steps until now. */
  get steps(): number {
    return this.#steps;
  }

  /** What an extension remembers during the run; made at the first question for it. */
  slot<T>(key: Slot<T>): T {
    if (!this.#slots.has(key.symbol)) this.#slots.set(key.symbol, key.initial());
    return this.#slots.get(key.symbol) as T;
  }

  setSlot<T>(key: Slot<T>, value: T): void {
    this.#slots.set(key.symbol, value);
  }

  /** The bytes of the message: asked for by the first that wants them. */
  *content(): Answering<ReadBytes> {
    this.#content ??= yield* this.ask('content', {});
    return this.#content;
  }

  /** Asks who runs the script; what the store must answer is counted. */
  *ask<K extends QuestionKind>(kind: K, about: Questions[K]['ask']): Answering<Questions[K]['answer']> {
    if (++this.#questions > this.limits.questions) this.fail(`More than ${this.limits.questions} questions.`);
    return yield* ask(kind, about);
  }

  /** The value of a variable, the global one where the script has declared it so; undefined when it is not set. */
  variable(name: string): string | undefined {
    return (this.shared.has(name) ? this.globals : this.variables).get(name);
  }

  /** Sets a variable of the script or of all; there is a limit for all together. */
  store(among: Map<string, string>, name: string, value: string): void {
    const count = this.#outside + this.variables.size + this.globals.size;
    if (!among.has(name) && count >= this.limits.variables) this.fail(`More than ${this.limits.variables} variables.`);
    among.set(name, value);
  }

  /** Hides what belongs to the script that runs, all variables but the global ones, until `closeScope`. */
  openScope(): Scope {
    const { variables, shared, captures } = this;
    const brought = this.#brought;
    this.#outside += variables.size;
    this.#brought = new Set();
    this.variables = new Map();
    this.shared = new Set();
    this.captures = [];
    return { variables, shared, captures, brought };
  }

  closeScope({ variables, shared, captures, brought }: Scope): void {
    this.#outside -= variables.size;
    this.#brought = brought;
    this.variables = variables;
    this.shared = shared;
    this.captures = captures;
  }

  /** Puts another message in place of this one. */
  replaceMessage(message: SieveMessage, content: ReadBytes): void {
    this.message = message;
    this.#content = content;
  }

  has(node: CompiledNode, name: string): boolean {
    return node.values.has(name);
  }

  /** A string argument with its variables put in; the empty string when it was not given. */
  text(node: CompiledNode, name: string): string {
    const value = node.values.get(name);
    if (value === undefined || value === true || typeof value === 'number') return '';
    return isTexts(value) ? '' : this.#checked(node, name, this.expand(value));
  }

  /** A list of strings; empty when it was not given. */
  texts(node: CompiledNode, name: string): readonly string[] {
    const value = node.values.get(name);
    if (value === undefined || value === true || typeof value === 'number' || !isTexts(value)) return [];
    if (value.every((text) => typeof text === 'string')) return value;
    return value.map((text) => this.#checked(node, name, this.expand(text)));
  }

  number(node: CompiledNode, name: string): number | undefined {
    const value = node.values.get(name);
    return typeof value === 'number' ? value : undefined;
  }

  /** Puts variables in; unknown ones are empty (RFC 5229 §3). */
  expand(text: Text): string {
    if (typeof text === 'string') return text;
    let out = '';
    for (const piece of text.pieces) {
      out += typeof piece === 'string' ? piece : this.#value(piece);
      if (out.length > this.limits.stringChars) {
        this.fail(`A string with its variables is longer than ${this.limits.stringChars} characters.`);
      }
    }
    this.spend(0, out.length);
    return out;
  }

  #value({ namespace, name }: Reference): string {
    if (namespace !== undefined) {
      for (const extension of this.extensions) {
        const found = extension.namespaces?.find((known) => known.name === namespace);
        if (found !== undefined) return found.read(name, this);
      }
      return '';
    }
    const first = name.charCodeAt(0);
    if (first >= 0x30 && first <= 0x39) return this.captures[Number(name)] ?? '';
    return this.variable(name) ?? '';
  }

  /** What the checker could not know of a string with variables is checked now. */
  #checked(node: CompiledNode, name: string, text: string): string {
    const wrong = node.checks.get(name)?.(text, (other) => node.values.has(other));
    if (wrong !== undefined) this.fail(wrong);
    return text;
  }

  #enter(node: CompiledNode): void {
    this.#at = node.at;
    this.spend(1);
    for (const capability of node.offersUsed) {
      if (!this.#brought.has(capability))
        this.fail(`"${node.name}" needs "${capability}", which no "ihave" has found.`);
    }
    this.trace?.push(`${node.at.line}:${node.at.column} ${node.name}`);
  }
}

/** What belongs to one script of a run. */
interface Scope {
  readonly variables: Map<string, string>;
  readonly shared: Set<string>;
  readonly captures: readonly string[];
  readonly brought: Set<string>;
}

/** A place for what an extension remembers during a run. */
export interface Slot<T> {
  readonly symbol: symbol;
  readonly initial: () => T;
}

/** Makes a place that only who holds it can read. */
export function slot<T>(name: string, initial: () => T): Slot<T> {
  return { symbol: Symbol(name), initial };
}

function isTexts(value: Text | readonly Text[]): value is readonly Text[] {
  return Array.isArray(value);
}

function samePlace(a: Action, b: Action): boolean {
  if (a.kind === 'fileinto' && b.kind === 'fileinto') {
    return a.mailbox === b.mailbox && a.specialUse === b.specialUse && a.mailboxId === b.mailboxId;
  }
  if (a.kind === 'redirect' && b.kind === 'redirect') return a.address === b.address && a.list === b.list;
  if (a.kind === 'remember' && b.kind === 'remember') return a.handle === b.handle && a.id === b.id;
  return a.kind === b.kind && (a.kind === 'keep' || a.kind === 'discard');
}
