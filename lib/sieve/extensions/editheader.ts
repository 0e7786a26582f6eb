import { writeField } from '../../message/write-field.ts';
import type { Extension } from '../definition.ts';
import { editHeader, withEdits } from '../edits.ts';
import { checkFieldName, currentHeader, decodedField, type Field, indexed } from '../headers.ts';
import type { Answering } from '../question.ts';
import { type Run, slot } from '../run.ts';
import type { CompiledNode } from '../script.ts';

/** RFC 5293 §6, RFC 5703 §5: fields that stay, whatever a script says. */
const kept = ['received', 'auto-submitted', 'original-subject', 'original-from'];

const addedSlot = slot('added fields', () => 0);

/** RFC 5293: fields are added and deleted; what was decided before keeps its header. */
export const editheader: Extension = {
  capability: 'editheader',
  commands: [
    {
      name: 'addheader',
      tags: [{ name: 'last' }],
      parameters: [
        { name: 'field', type: 'string', check: checkFieldName },
        { name: 'value', type: 'string', check: checkValue },
      ],
      run: (node, run) => addField(run, run.text(node, 'field'), run.text(node, 'value'), run.has(node, ':last')),
    },
    {
      name: 'deleteheader',
      match: true,
      tags: [
        { name: 'index', value: { type: 'number' } },
        { name: 'last', needs: 'index' },
      ],
      parameters: [
        { name: 'field', type: 'string', check: checkFieldName },
        { name: 'keys', type: 'strings', optional: true },
      ],
      run: deleteFields,
    },
  ],
  onAction: withEdits,
};

/** Adds a field at the beginning of the header, or at its end. */
export function addField(run: Run, name: string, value: string, last: boolean): void {
  const added = run.slot(addedSlot) + 1;
  if (added > run.limits.addedHeaders) run.fail(`More than ${run.limits.addedHeaders} header fields are added.`);
  run.setSlot(addedSlot, added);
  const text = oneLine(value);
  const bytes = writeField(name, text);
  const field: Field = { name: name.toLowerCase(), bytes, raw: text };
  const { fields } = currentHeader(run);
  run.spend(1, run.message.header.length + bytes.length);
  editHeader(run, last ? [...fields, field] : [field, ...fields]);
}

function* deleteFields(node: CompiledNode, run: Run): Answering<void> {
  const name = run.text(node, 'field').toLowerCase();
  if (kept.includes(name)) return;
  const header = currentHeader(run);
  const gone = new Set<Field>();
  const keys = run.texts(node, 'keys');
  const { captures } = run;
  for (const field of indexed(node, run, header.named(name))) {
    const matched =
      !run.has(node, 'keys') || node.matching.type.run([decodedField(run, field)], keys, node.matching, run);
    if (typeof matched === 'boolean' ? matched : yield* matched) gone.add(field);
  }
  run.captures = captures;
  if (gone.size === 0) return;
  run.spend(1, run.message.header.length);
  editHeader(
    run,
    header.fields.filter((field) => !gone.has(field)),
  );
}

/** RFC 5293 §4: white space around the value goes, folding is ours. */
function oneLine(value: string): string {
  return value.replace(/\r\n[ \t]+/g, ' ').trim();
}

function checkValue(value: string): string | undefined {
  return /[\r\n\0]/.test(oneLine(value)) ? 'The value of a header field must be one line.' : undefined;
}
