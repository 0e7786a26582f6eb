import type { Extension } from '../definition.ts';
import { onCurrentPart } from '../parts.ts';
import type { Answering } from '../question.ts';
import { type Run, slot } from '../run.ts';
import type { CompiledNode, CompiledScript } from '../script.ts';

interface Included {
  /** Scripts that run, the innermost last. */
  readonly open: string[];
  /** Scripts that ran or run, for `:once`. */
  readonly names: Set<string>;
  count: number;
}

const includedSlot = slot<Included>('include', () => ({ open: [], names: new Set(), count: 0 }));

/** RFC 6609: scripts inside scripts, and the variables they share. */
export const include: Extension = {
  capability: 'include',
  commands: [
    {
      name: 'include',
      tags: [
        { name: 'personal', group: 'location' },
        { name: 'global', group: 'location' },
        { name: 'once' },
        { name: 'optional' },
      ],
      parameters: [{ name: 'script', type: 'string', constant: true, check: checkScriptName }],
      run: runInclude,
    },
    {
      name: 'return',
      run: (_node, run) => {
        run.halted = 'return';
      },
    },
    {
      name: 'global',
      parameters: [{ name: 'names', type: 'strings', constant: true, check: checkGlobal }],
      check: ({ capabilities }) => (capabilities.has('variables') ? undefined : '"global" needs require "variables".'),
      run: (node, run) => {
        for (const name of run.texts(node, 'names')) declareGlobal(name.toLowerCase(), run);
      },
    },
  ],
  namespaces: [
    {
      name: 'global',
      read: (name, run) => run.globals.get(name) ?? '',
      write: (name, value, run) => {
        if (!/^[a-z_]/.test(name)) run.fail(`"${name.slice(0, 64)}" cannot be the name of a global variable.`);
        run.store(run.globals, name, value);
      },
    },
  ],
};

function* runInclude(node: CompiledNode, run: Run): Answering<void> {
  const location = run.has(node, ':global') ? 'global' : 'personal';
  const name = run.text(node, 'script');
  const key = `${location} ${name}`;
  const included = run.slot(includedSlot);
  if (run.has(node, ':once') && included.names.has(key)) return;
  // RFC 6609 §3.1: recursion is an error of the run, never one of the upload.
  if (included.open.includes(key)) run.fail(`The script "${name}" includes itself.`);
  if (included.open.length >= run.limits.includeDepth) {
    run.fail(`Scripts may be included inside each other ${run.limits.includeDepth} times at most.`);
  }
  if (++included.count > run.limits.includes) run.fail(`More than ${run.limits.includes} scripts are included.`);
  const script = yield* run.ask('script', { location, name });
  if (script === undefined) {
    if (run.has(node, ':optional')) return;
    run.fail(`There is no ${location} script "${name}".`);
  }
  if ('unusable' in script) run.fail(`The ${location} script "${name}" cannot be used: ${script.unusable}`);
  included.names.add(key);
  included.open.push(key);
  yield* onCurrentPart(run, () => runApart(script, run));
  included.open.pop();
}

/** Runs a script with variables of its own (RFC 6609 §3.4); a `return` ends it alone, a `stop` ends all. */
function* runApart(script: CompiledScript, run: Run): Answering<void> {
  const scope = run.openScope();
  yield* run.script(script);
  run.closeScope(scope);
  if (run.halted === 'return') run.halted = undefined;
}

function declareGlobal(name: string, run: Run): void {
  if (run.shared.has(name)) return;
  if (run.variables.has(name)) run.fail(`The variable "${name.slice(0, 64)}" was set before it was declared global.`);
  if (run.shared.size >= run.limits.variables) run.fail(`More than ${run.limits.variables} variables.`);
  run.shared.add(name);
}

/** RFC 6609 §3.4.1: no match variable, no namespace. */
function checkGlobal(name: string): string | undefined {
  if (/^[a-z_][a-z0-9_]*$/i.test(name) && name.length <= 255) return undefined;
  return `"${name.slice(0, 64)}" cannot be the name of a global variable.`;
}

/** RFC 5804 §1.6. */
function checkScriptName(name: string): string | undefined {
  const wrong = name === '' || [...name].length > 128 || /[\0-\x1f\x7f-\x9f\u2028\u2029]/.test(name);
  return wrong ? `"${name.slice(0, 64)}" cannot be the name of a script.` : undefined;
}
