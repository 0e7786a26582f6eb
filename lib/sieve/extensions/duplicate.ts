import type { Extension } from '../definition.ts';
import { currentHeader, decodedField } from '../headers.ts';
import { type Run, slot } from '../run.ts';
import type { CompiledNode } from '../script.ts';

/** What was answered in this run: the same question has the same answer (RFC 7352 §3). */
const askedSlot = slot('duplicate', () => new Map<string, boolean>());

/** RFC 7352: whether the message was seen before; the run asks, and remembers by an action when it has succeeded. */
export const duplicate: Extension = {
  capability: 'duplicate',
  deliveryOnly: true,
  tests: [
    {
      name: 'duplicate',
      tags: [
        { name: 'handle', value: { type: 'string' } },
        { name: 'header', value: { type: 'string' }, group: 'source' },
        { name: 'uniqueid', value: { type: 'string' }, group: 'source' },
        { name: 'seconds', value: { type: 'number' } },
        { name: 'last' },
      ],
      *run(node, run) {
        const id = uniqueId(node, run);
        const { duplicateSeconds, duplicateMaxSeconds } = run.limits;
        const seconds = Math.min(run.number(node, ':seconds') ?? duplicateSeconds, duplicateMaxSeconds);
        if (id === undefined || seconds === 0) return false;
        const handle = run.text(node, ':handle');
        const last = run.has(node, ':last');
        const asked = run.slot(askedSlot);
        const key = JSON.stringify([handle, id]);
        const seen = asked.get(key) ?? (yield* run.ask('seen-before', { handle, id }));
        asked.set(key, seen);
        // RFC 7352 §3.3: seen again, the time runs on from the first, unless `:last` counts from the last.
        if (!seen || last) run.take({ kind: 'remember', handle, id, seconds, last });
        return seen;
      },
    },
  ],
};

/** RFC 7352 §3.1: the first field of the name, and none is no error. */
function uniqueId(node: CompiledNode, run: Run): string | undefined {
  if (run.has(node, ':uniqueid')) return run.text(node, ':uniqueid');
  const name = run.has(node, ':header') ? run.text(node, ':header') : 'message-id';
  const field = currentHeader(run).named(name)[0];
  return field === undefined ? undefined : decodedField(run, field);
}
