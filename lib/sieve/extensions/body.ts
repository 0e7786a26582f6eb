import { htmlToText } from '../../message/html.ts';
import { walkParts } from '../../message/part.ts';
import { hasBody, multipartTexts, nestedHeader, partText, rawBody } from '../body.ts';
import type { Extension } from '../definition.ts';
import type { Answering } from '../question.ts';
import type { Run } from '../run.ts';
import type { CompiledNode } from '../script.ts';

/** RFC 5173: the body, as it came, by content type, or as text. */
export const body: Extension = {
  capability: 'body',
  tests: [
    {
      name: 'body',
      match: true,
      tags: [
        { name: 'raw', group: 'transform' },
        { name: 'content', value: { type: 'strings' }, group: 'transform' },
        { name: 'text', group: 'transform' },
      ],
      parameters: [{ name: 'keys', type: 'strings' }],
      *run(node, run) {
        // RFC 5173 §6: a body test fills no match variables.
        const { captures } = run;
        const matched = node.matching.type.run(yield* texts(node, run), run.texts(node, 'keys'), node.matching, run);
        const result = typeof matched === 'boolean' ? matched : yield* matched;
        run.captures = captures;
        return result;
      },
    },
  ],
};

function* texts(node: CompiledNode, run: Run): Answering<readonly string[]> {
  if (!hasBody(run)) return [];
  if (run.has(node, ':raw')) return [yield* rawBody(run)];
  if (run.has(node, ':content')) return yield* contents(run.texts(node, ':content'), run);
  const found: string[] = [];
  for (const part of walkParts(run.message.root)) {
    run.spend(1);
    if (part.type !== 'text') continue;
    const text = yield* partText(part, run);
    found.push(part.subtype === 'html' ? htmlToText(text) : text);
  }
  return found;
}

/** RFC 5173 §5.2: of a multipart what is around its parts, of a message its header, of the others all. */
function* contents(types: readonly string[], run: Run): Answering<readonly string[]> {
  const wanted = types.map((type) => type.toLowerCase());
  const found: string[] = [];
  for (const part of walkParts(run.message.root)) {
    run.spend(1);
    if (!wanted.some((type) => type === '' || type === part.type || type === `${part.type}/${part.subtype}`)) continue;
    if (part.type === 'multipart') found.push(...(yield* multipartTexts(part, run)));
    else if (part.message !== undefined) found.push(yield* nestedHeader(part, run));
    else found.push(yield* partText(part, run));
  }
  return found;
}
