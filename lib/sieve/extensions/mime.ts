import { paramText } from '../../message/encoded-word.ts';
import { parseParameterized } from '../../message/params.ts';
import type { AddedTag, Extension } from '../definition.ts';
import { decodedField, type Field } from '../headers.ts';
import { mimeFields } from '../parts.ts';
import type { Answering } from '../question.ts';
import type { Run } from '../run.ts';
import type { CompiledNode } from '../script.ts';

const tests = ['header', 'address', 'exists'];

const options: readonly AddedTag[] = ['type', 'subtype', 'contenttype'].map((name) => {
  return { name, to: ['header'], group: 'mimeopts', needs: 'mime' };
});

/** RFC 5703 §4: tests of the parts inside a message. */
export const mime: Extension = {
  capability: 'mime',
  tags: [
    { name: 'mime', to: tests },
    { name: 'anychild', to: tests, needs: 'mime' },
    ...options,
    { name: 'param', to: ['header'], value: { type: 'strings' }, group: 'mimeopts', needs: 'mime' },
  ],
};

/** The values of a `header :mime` test: of whole fields, or of what is asked for in them (RFC 5703 §4.1). */
export function* mimeValues(node: CompiledNode, run: Run): Answering<readonly string[]> {
  const fields = yield* mimeFields(node, run, run.texts(node, 'fields'));
  if (run.has(node, ':param')) {
    const names = run.texts(node, ':param').map((name) => name.toLowerCase());
    return fields.flatMap(({ raw }) => {
      const { params } = parseParameterized(raw);
      return names.flatMap((name) => paramText(params, name) ?? []);
    });
  }
  const option = ['type', 'subtype', 'contenttype'].find((name) => run.has(node, `:${name}`));
  if (option === undefined) return fields.map((field) => decodedField(run, field));
  const values = fields.map((field) => partOf(field, option));
  // What is counted are the fields that could be read.
  return node.matching.type.name === 'count' ? values.filter((value) => value !== '') : values;
}

function partOf({ name, raw }: Field, option: string): string {
  if (name === 'content-disposition') return option === 'subtype' ? '' : parseParameterized(raw).word;
  if (name !== 'content-type') return '';
  const match = /^([^\s/]+)\s*\/\s*([^\s/]+)$/.exec(parseParameterized(raw).word);
  if (match === null) return '';
  const [, type = '', subtype = ''] = match;
  if (option === 'contenttype') return `${type}/${subtype}`;
  return option === 'type' ? type : subtype;
}
