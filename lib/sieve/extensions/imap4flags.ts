import type { Action } from '../actions.ts';
import type { CommandDefinition, Extension } from '../definition.ts';
import { type Run, slot } from '../run.ts';
import type { CompiledNode, Value } from '../script.ts';
import { intoFcc } from './fcc.ts';
import { checkVariable, setVariable, variableValue } from './variables.ts';

/** The internal variable (RFC 5232 §2); undefined until the script has set it: then it is what the message has. */
const flagsSlot = slot<readonly string[] | undefined>('flags', () => undefined);

/** RFC 5232: flags for the messages that are stored. */
export const imap4flags: Extension = {
  capability: 'imap4flags',
  commands: [
    changing('setflag', (_before, given) => given),
    changing('addflag', (before, given) => [...before, ...given]),
    changing('removeflag', (before, given) => {
      const gone = new Set(given.map((flag) => flag.toLowerCase()));
      return before.filter((flag) => !gone.has(flag.toLowerCase()));
    }),
  ],
  tests: [
    {
      name: 'hasflag',
      match: true,
      parameters: [
        { name: 'variables', type: 'strings', optional: true, constant: true, check: checkVariable },
        { name: 'flags', type: 'strings' },
      ],
      check: needsVariables,
      run: (node, run) => {
        const names = run.texts(node, 'variables');
        const values = run.has(node, 'variables') ? names.flatMap((name) => variableFlags(run, name)) : internal(run);
        // RFC 5232 §2, §4: a key may be a list of flags as well, or of what matches them.
        const keys = run.texts(node, 'flags');
        const split = () => keys.flatMap((key) => key.split(/\s+/)).filter((key) => key !== '');
        const flags = node.matching.type.name === 'is' ? readFlags(keys, run) : split();
        return node.matching.type.run(values, flags, node.matching, run);
      },
    },
  ],
  tags: [
    { name: 'flags', to: ['keep', 'fileinto'], value: { type: 'strings' }, refine: withFlags },
    { name: 'flags', to: ['vacation', 'notify'], value: { type: 'strings' }, needs: 'fcc', refine: withFlags },
  ],
  onAction: flagged,
};

/** An action with the flags that the script has set; none when it has set none. */
export function flagged(action: Action, run: Run): Action {
  const flags = run.slot(flagsSlot);
  return flags === undefined ? action : stored(action, flags);
}

/** Flags as they are given: lists of names, each perhaps with several names in it (RFC 5232 §2); once each. */
export function readFlags(texts: readonly string[], run: Run): readonly string[] {
  const flags = new Map<string, string>();
  for (const flag of texts.flatMap((text) => text.split(/\s+/))) {
    const key = flag.toLowerCase();
    if (isFlag(flag) && !flags.has(key)) flags.set(key, flag);
    if (flags.size > run.limits.flags) run.fail(`More than ${run.limits.flags} flags.`);
  }
  run.spend(
    1,
    texts.reduce((sum, text) => sum + text.length, 0),
  );
  return [...flags.values()];
}

/** What the internal variable holds. */
export function internal(run: Run): readonly string[] {
  return run.slot(flagsSlot) ?? run.environment.flags ?? [];
}

export function setInternal(run: Run, flags: readonly string[]): void {
  run.setSlot(flagsSlot, flags);
}

function changing(
  name: string,
  change: (before: readonly string[], given: readonly string[]) => readonly string[],
): CommandDefinition {
  return {
    name,
    parameters: [
      { name: 'variable', type: 'string', optional: true, constant: true, check: checkVariable },
      { name: 'flags', type: 'strings' },
    ],
    check: needsVariables,
    run: (node, run) => {
      const given = readFlags(run.texts(node, 'flags'), run);
      const variable = run.text(node, 'variable');
      if (variable === '') setInternal(run, readFlags(change(internal(run), given), run));
      else setVariable(run, variable, readFlags(change(variableFlags(run, variable), given), run).join(' '));
    },
  };
}

function variableFlags(run: Run, name: string): readonly string[] {
  return readFlags([variableValue(run, name)], run);
}

/** RFC 5232 §3: naming a variable needs the extension that has them. */
function needsVariables({ values, capabilities, name }: CompiledNode): string | undefined {
  const named = values.has('variable') || values.has('variables');
  return named && !capabilities.has('variables') ? `"${name}" with a variable needs require "variables".` : undefined;
}

function withFlags(action: Action, value: Value, run: Run): Action {
  const texts = Array.isArray(value) ? value.map((text) => run.expand(text)) : [];
  return intoFcc(stored(action, readFlags(texts, run)), { flags: readFlags(texts, run) });
}

function stored(action: Action, flags: readonly string[]): Action {
  return action.kind === 'keep' || action.kind === 'fileinto' ? { ...action, flags } : action;
}

/** System flags that a client may set, and keywords (RFC 9051 §9); RFC 5232 §2.2: others are ignored. */
function isFlag(flag: string): boolean {
  if (flag.startsWith('\\')) return /^\\(?:answered|flagged|deleted|seen|draft)$/i.test(flag);
  return /^[^\x00-\x20\x7f-\uffff(){%*"\\\]]{1,255}$/.test(flag);
}
