import type { Extension, Modifier } from '../definition.ts';
import type { Run } from '../run.ts';
import type { CompiledNode } from '../script.ts';
import { asciiLower, asciiUpper } from './comparators.ts';

/** RFC 5229 §4.1.3: other letters than those of ASCII stay as they are. */
const modifiers: readonly Modifier[] = [
  { name: 'lower', precedence: 40, apply: asciiLower },
  { name: 'upper', precedence: 40, apply: asciiUpper },
  { name: 'lowerfirst', precedence: 30, apply: (text) => first(text, asciiLower) },
  { name: 'upperfirst', precedence: 30, apply: (text) => first(text, asciiUpper) },
  { name: 'quotewildcard', precedence: 20, apply: (text) => text.replace(/[*?\\]/g, '\\$&') },
  { name: 'length', precedence: 10, apply: (text) => String([...text].length) },
];

/** RFC 5229: variables, `set`, and the test `string`. Match variables are filled by `:matches`. */
export const variables: Extension = {
  capability: 'variables',
  changesReading: true,
  modifiers,
  commands: [
    {
      name: 'set',
      parameters: [
        { name: 'name', type: 'string', constant: true, check: checkVariable },
        { name: 'value', type: 'string' },
      ],
      run: (node, run) => {
        setVariable(run, run.text(node, 'name'), modified(node, run, run.text(node, 'value')));
      },
    },
  ],
  tests: [
    {
      name: 'string',
      match: true,
      parameters: [
        { name: 'source', type: 'strings' },
        { name: 'keys', type: 'strings' },
      ],
      run: (node, run) => {
        const values = run.texts(node, 'source');
        // RFC 5229 §5: only what is not empty is counted.
        const counted = node.matching.type.name === 'count' ? values.filter((value) => value !== '') : values;
        return node.matching.type.run(counted, run.texts(node, 'keys'), node.matching, run);
      },
    },
  ],
};

/** A value as the modifiers of a command make it, the highest precedence first (RFC 5229 §4.1). */
export function modified(node: CompiledNode, run: Run, text: string): string {
  let value = text;
  const rows = [...run.extensions].flatMap((extension) => extension.modifiers ?? []);
  for (const { name, apply } of rows.sort((a, b) => b.precedence - a.precedence)) {
    if (!run.has(node, `:${name}`)) continue;
    run.spend(1, value.length);
    value = apply(value);
  }
  return value;
}

/** Sets a variable, cut to its limit (RFC 5229 §6). */
export function setVariable(run: Run, name: string, value: string): void {
  const key = name.toLowerCase();
  const kept = cut(value, run.limits.variableChars);
  const dot = key.lastIndexOf('.');
  if (dot >= 0) {
    const namespace = key.slice(0, dot);
    const rows = [...run.extensions].flatMap((extension) => extension.namespaces ?? []);
    const row = rows.find((known) => known.name === namespace);
    if (row?.write === undefined) run.fail(`The variable "${name.slice(0, 64)}" cannot be set.`);
    row.write(key.slice(dot + 1), kept, run);
    return;
  }
  run.store(run.shared.has(key) ? run.globals : run.variables, key, kept);
}

/** The value of a variable, perhaps in a namespace; empty when it is not set. */
export function variableValue(run: Run, name: string): string {
  const key = name.toLowerCase();
  const dot = key.lastIndexOf('.');
  if (dot < 0) return run.variable(key) ?? '';
  const rows = [...run.extensions].flatMap((extension) => extension.namespaces ?? []);
  return rows.find((known) => known.name === key.slice(0, dot))?.read(key.slice(dot + 1), run) ?? '';
}

/** RFC 5229 §3: the name of a variable, perhaps in a namespace; match variables cannot be set. */
export function checkVariable(name: string): string | undefined {
  if (/^(?:[a-z_][a-z0-9_]*\.(?:[a-z0-9_]+\.)*)?[a-z_][a-z0-9_]*$/i.test(name) && name.length <= 255) return undefined;
  return `"${name.slice(0, 64)}" cannot be the name of a variable.`;
}

function first(text: string, change: (char: string) => string): string {
  const char = String.fromCodePoint(...[text.codePointAt(0) ?? 0]);
  return text === '' ? text : change(char) + text.slice(char.length);
}

/** Cuts without leaving half a character. */
function cut(text: string, chars: number): string {
  if (text.length <= chars) return text;
  return text.slice(0, /[\ud800-\udbff]/.test(text.charAt(chars - 1)) ? chars - 1 : chars);
}
