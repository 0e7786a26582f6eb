import { parseStructure } from '../../lib/message/structure.ts';
import type { Action } from '../../lib/sieve/actions.ts';
import { compileScript } from '../../lib/sieve/check.ts';
import { type EvaluateOptions, evaluate, type Outcome } from '../../lib/sieve/evaluate.ts';
import type { SieveEnvironment } from '../../lib/sieve/message.ts';
import { problemText } from '../../lib/sieve/problem.ts';
import { type Answering, type Answers, answerWith } from '../../lib/sieve/question.ts';
import type { CompiledScript } from '../../lib/sieve/script.ts';

/** What a test says of the world; the rest is a plain default. */
export interface World extends EvaluateOptions {
  readonly environment?: Partial<SieveEnvironment>;
  readonly answers?: Partial<Answers>;
}

const environment: SieveEnvironment = {
  envelope: { from: 'sender@example.org', to: 'user@example.com' },
  nowMs: Date.UTC(2026, 10, 24, 11, 30, 5),
  zoneMinutes: 60,
  detailSeparator: '+',
  items: new Map(),
};

/** Compiles a script that has to be right; throws its problems. */
export function compiled(source: string): CompiledScript {
  const result = compileScript(source);
  if ('problems' in result) throw new Error(problemText(result.problems));
  return result.script;
}

/** Evaluates a script on a message; both are written with LF, a message has CRLF. */
export function outcome(source: string, message: string, world: World = {}): Outcome {
  return evaluated(compiled(source), message, world);
}

/** Evaluates a script that is compiled already. */
export function evaluated(script: CompiledScript, message: string, world: World = {}): Outcome {
  const unasked = (question: { readonly kind: string }): never => {
    throw new Error(`nobody told this test what to answer to ${question.kind}`);
  };
  const bytes = messageBytes(message);
  const answers: Answers = {
    content: () => (start, end) => bytes.subarray(start, end),
    'mailboxes-exist': unasked,
    metadata: unasked,
    'seen-before': unasked,
    'special-use-exists': unasked,
    'mailbox-ids-exist': unasked,
    script: unasked,
    'in-lists': unasked,
    'lists-exist': unasked,
    ...world.answers,
  };
  return answerWith(evaluation(script, message, world), answers);
}

/** An evaluation that nobody has answered anything yet. */
export function evaluation(script: CompiledScript, message: string, world: World = {}): Answering<Outcome> {
  const { root, header, sizeBytes } = parseStructure(messageBytes(message));
  return evaluate(script, { root, header, sizeBytes }, { ...environment, ...world.environment }, world);
}

function messageBytes(message: string): Buffer {
  return Buffer.from(message.replace(/\r?\n/g, '\r\n'));
}

/** The actions of a run, one short line each: `fileinto Junk flags=\Seen`, `keep`, `implicit keep`. */
export function actions(source: string, message: string, world: World = {}): string[] {
  const { actions: taken, failure } = outcome(source, message, world);
  return [...taken.map(told), ...(failure === undefined ? [] : [`failed: ${problemText([failure])}`])];
}

/** Whether a test is true for a message; `requires` are the capabilities that it needs. */
export function holds(test: string, message: string, requires: readonly string[] = [], world: World = {}): boolean {
  const list = requires.map((name) => JSON.stringify(name)).join(', ');
  const [action, failed] = actions(
    `${list === '' ? '' : `require [${list}];`}\nif ${test} { discard; }`,
    message,
    world,
  );
  if (failed !== undefined) throw new Error(failed);
  return action === 'discard';
}

/** What is wrong with a script: `line:column message`. */
export function problems(source: string | Uint8Array): string[] {
  const result = compileScript(source);
  return 'problems' in result ? result.problems.map(({ line, column, message }) => `${line}:${column} ${message}`) : [];
}

/** The header and body of a message as an action has it, with LF; undefined when it is as it came. */
export function edited(action: Action | undefined): string | undefined {
  if (action === undefined || !('edited' in action) || action.edited === undefined) return undefined;
  const { header, body } = action.edited;
  return `${Buffer.from(header)}${body === undefined ? '' : Buffer.from(body)}`.replaceAll('\r\n', '\n');
}

function told(action: Action): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(action)) {
    if (['kind', 'implicit', 'mailbox', 'address', 'edited'].includes(name)) continue;
    const shown = Array.isArray(value) ? value.join(' ') : typeof value === 'object' ? JSON.stringify(value) : value;
    parts.push(value === true ? ` ${name}` : value === false ? '' : ` ${name}=${shown}`);
  }
  const rest = parts.join('');
  if (action.kind === 'keep') return `${action.implicit ? 'implicit ' : ''}keep${rest}`;
  if (action.kind === 'fileinto') return `fileinto ${action.mailbox}${rest}`;
  if (action.kind === 'redirect') return `redirect ${action.address}${rest}`;
  return `${action.kind}${rest}`;
}
