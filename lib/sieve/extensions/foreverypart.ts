import { walkParts } from '../../message/part.ts';
import type { Extension } from '../definition.ts';
import { allParts, loopsSlot, type PartLoop } from '../parts.ts';
import type { Answering } from '../question.ts';
import { type Run, slot } from '../run.ts';
import type { CompiledNode } from '../script.ts';

/** The name that a `break` has given. */
const breakSlot = slot<string | undefined>('break', () => undefined);

/** RFC 5703 §3: a loop over the parts of a message, depth first, the message itself the first of them. */
export const foreverypart: Extension = {
  capability: 'foreverypart',
  commands: [
    {
      name: 'foreverypart',
      tags: [{ name: 'name', value: { type: 'string', constant: true } }],
      block: true,
      run: runLoop,
    },
    {
      name: 'break',
      tags: [{ name: 'name', value: { type: 'string', constant: true } }],
      inside: ['foreverypart'],
      run: (node, run) => {
        const name = run.has(node, ':name') ? run.text(node, ':name') : undefined;
        const loops = run.slot(loopsSlot).filter(({ scope }) => scope === run.variables);
        if (name !== undefined && !loops.some((loop) => loop.name === name)) {
          run.fail(`No loop around this "break" has the name "${name.slice(0, 64)}".`);
        }
        run.setSlot(breakSlot, name);
        run.halted = 'break';
      },
    },
  ],
};

function* runLoop(node: CompiledNode, run: Run): Answering<void> {
  const loops = run.slot(loopsSlot);
  const around = loops.at(-1);
  const loop: PartLoop = {
    name: run.has(node, ':name') ? run.text(node, ':name') : undefined,
    scope: run.variables,
    index: around === undefined ? 0 : around.index + 1,
    over: false,
  };
  loops.push(loop);
  let { root } = run.message;
  let end = endOf(around, run);
  while (!loop.over && loop.index < end) {
    run.spend(1);
    yield* run.block(node.block);
    if (run.halted !== undefined) break;
    loop.index++;
    if (run.message.root !== root) {
      root = run.message.root;
      end = endOf(around, run);
    }
  }
  loops.pop();
  if (run.halted !== 'break') return;
  const name = run.slot(breakSlot);
  if (name === undefined || name === loop.name) run.halted = undefined;
}

/** Where a loop ends: one inside another goes through the parts of the part that the outer one is at. */
function endOf(around: PartLoop | undefined, run: Run): number {
  const parts = allParts(run);
  if (around === undefined) return parts.length;
  const part = parts[around.index];
  if (part === undefined || around.over) return 0;
  const inside = [...walkParts(part)].length;
  run.spend(inside);
  return around.index + inside;
}
