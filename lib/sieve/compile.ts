import { bindArguments } from './arguments.ts';
import type { Call } from './ast.ts';
import type { CommandDefinition, Shape, TestDefinition } from './definition.ts';
import { type SieveLimits, sieveLimits } from './limits.ts';
import type { Position, SieveProblem } from './problem.ts';
import { capabilitiesWith, Vocabulary } from './registry.ts';
import type { CompiledCommand, CompiledNode, CompiledScript, CompiledTest } from './script.ts';

/** Checks a parsed script and binds every call to its definition; tells all problems, in the order of the script. */
export function compileCalls(
  calls: readonly Call[],
  limits: SieveLimits,
): { readonly script: CompiledScript; readonly problems: readonly SieveProblem[] } {
  const compiler = new Compiler(limits);
  const commands = compiler.block(calls, []);
  return { script: { commands, extensions: compiler.vocabulary.required }, problems: compiler.problems };
}

class Compiler {
  readonly vocabulary = new Vocabulary();
  readonly problems: SieveProblem[] = [];
  readonly #limits: SieveLimits;
  /** The problems that come of what is not supported or not required. */
  readonly #missing = new Set<string>();
  #capabilities: ReadonlySet<string>;
  #offers: ReadonlySet<string>;

  constructor(limits: SieveLimits) {
    this.#limits = limits;
    this.#capabilities = this.vocabulary.capabilities;
    this.#offers = this.vocabulary.offers;
  }

  block(calls: readonly Call[], around: readonly string[]): CompiledCommand[] {
    const commands: CompiledCommand[] = [];
    for (const [index, call] of calls.entries()) {
      const before = calls[index - 1]?.name;
      const problems = this.problems.length;
      const command = this.#command(call, before, around);
      // RFC 5463 §4: with ihave, what cannot be understood fails only when it is reached.
      const excused = this.vocabulary.has('ihave') && this.#missing.has(this.problems[problems]?.message ?? '');
      if (this.problems.length > problems && excused) {
        const [problem] = this.problems.splice(problems);
        commands.push(failing(call, problem?.message ?? '', this.vocabulary));
      } else if (command !== undefined) commands.push(command);
    }
    return commands;
  }

  #command(call: Call, before: string | undefined, around: readonly string[]): CompiledCommand | undefined {
    const definition = this.vocabulary.command(call.name);
    if (definition === undefined) {
      this.#unknown('command', call);
      return undefined;
    }
    if (call.name === 'require' && ((before !== undefined && before !== 'require') || around.length > 0)) {
      this.#tell(call.at, '"require" must stand before all other commands.');
    }
    if (definition.follows !== undefined && !definition.follows.includes(before ?? '')) {
      this.#tell(call.at, `"${call.name}" must follow "if" or "elsif".`);
    }
    if (definition.inside !== undefined && !definition.inside.some((name) => around.includes(name))) {
      this.#tell(call.at, `"${call.name}" must stand inside "${definition.inside[0]}".`);
    }
    const node = this.#node(call, definition);
    if (call.block !== undefined && definition.block !== true) this.#tell(call.at, `"${call.name}" takes no block.`);
    if (call.block === undefined && definition.block === true) this.#tell(call.at, `"${call.name}" needs a block.`);
    const block = definition.block === true ? this.block(call.block ?? [], [...around, call.name]) : [];
    return { ...node, definition, block };
  }

  #test(call: Call): CompiledTest | undefined {
    const definition = this.vocabulary.test(call.name);
    if (definition === undefined) {
      this.#unknown('test', call);
      return undefined;
    }
    return { ...this.#node(call, definition), definition };
  }

  #node(call: Call, definition: CommandDefinition | TestDefinition): CompiledNode {
    const problems = this.problems.length;
    const bound = bindArguments(call, definition, this.vocabulary, this.#limits, (at, message, missing) =>
      this.#tell(at, message, missing),
    );
    const tests = this.#tests(call, definition);
    const [capabilities, offers] = [this.#capabilities, this.#offers];
    const offersUsed = this.vocabulary.offersUsed(call, definition, bound);
    const node = { at: call.at, name: call.name, ...bound, tests, block: [], capabilities, offers, offersUsed };
    const wrong = this.problems.length > problems ? undefined : definition.check?.(node);
    if (wrong !== undefined) this.#tell(call.at, wrong);
    this.#bring(call, definition, node);
    return node;
  }

  #tests(call: Call, { tests }: Shape): CompiledTest[] {
    const { at, name } = call;
    if (tests === undefined && call.tests.length > 0) this.#tell(call.tests[0]?.at ?? at, `"${name}" takes no test.`);
    if (tests === 'one' && (call.testList || call.tests.length !== 1)) this.#tell(at, `"${name}" needs one test.`);
    if (tests === 'list' && !call.testList) this.#tell(at, `"${name}" needs a list of tests in parentheses.`);
    return tests === undefined ? [] : call.tests.flatMap((test) => this.#test(test) ?? []);
  }

  /** Brings into force what `require` names, and what `ihave` may find. */
  #bring(call: Call, definition: CommandDefinition | TestDefinition, node: CompiledNode): void {
    const names = definition.brings?.(node) ?? [];
    const argument = call.arguments[0];
    for (const [index, name] of names.entries()) {
      if (this.vocabulary.add(name) || call.name !== 'require') continue;
      const at = argument?.kind === 'strings' ? argument.values[index]?.at : undefined;
      this.#tell(at ?? call.at, `The extension "${name.slice(0, 64)}" is not supported.`);
    }
    const offered = definition.offers?.(node) ?? [];
    for (const name of offered) this.vocabulary.offer(name);
    if (names.length + offered.length === 0) return;
    this.#capabilities = this.vocabulary.capabilities;
    this.#offers = this.vocabulary.offers;
  }

  #unknown(kind: 'command' | 'test', call: Call): void {
    const name = call.name.slice(0, 64);
    const needed = capabilitiesWith(kind === 'command' ? 'commands' : 'tests', call.name)[0];
    const other = kind === 'command' ? this.vocabulary.test(call.name) : this.vocabulary.command(call.name);
    if (other !== undefined) {
      const [is, not] = kind === 'command' ? ['test', 'command'] : ['command', 'test'];
      this.#tell(call.at, `"${name}" is a ${is}, and cannot stand where a ${not} must.`);
    } else if (needed !== undefined) {
      this.#tell(call.at, `The ${kind} "${name}" needs require "${needed}" at the beginning of the script.`, true);
    } else
      this.#tell(
        call.at,
        `There is no ${kind} "${name}"${call.name === 'elseif' ? '; it is spelt "elsif"' : ''}.`,
        true,
      );
  }

  #tell({ line, column }: Position, message: string, missing = false): void {
    if (missing) this.#missing.add(message);
    if (this.problems.length < this.#limits.problems) this.problems.push({ line, column, message });
  }
}

/** A command in place of one that is not understood: it ends the run, unless a test keeps the run from it. */
function failing(call: Call, message: string, vocabulary: Vocabulary): CompiledCommand {
  const definition: CommandDefinition = { name: call.name, run: (_node, run) => run.fail(message) };
  const bound = bindArguments({ ...call, arguments: [] }, definition, vocabulary, sieveLimits, () => undefined);
  const { at, name } = call;
  const { capabilities, offers } = vocabulary;
  return { at, name, ...bound, tests: [], block: [], capabilities, offers, offersUsed: [], definition };
}
