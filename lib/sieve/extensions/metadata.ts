import type { Extension } from '../definition.ts';
import { checkMailbox } from '../headers.ts';
import type { Answering } from '../question.ts';
import type { Run } from '../run.ts';
import type { CompiledNode } from '../script.ts';

const annotation = { name: 'annotation', type: 'string', check: checkAnnotation } as const;
const annotations = { name: 'annotations', type: 'strings', check: checkAnnotation } as const;
const mailbox = { name: 'mailbox', type: 'string', check: checkMailbox } as const;
const keys = { name: 'keys', type: 'strings' } as const;

/** RFC 5490 §3.3, §3.4: annotations of mailboxes. */
export const mboxmetadata: Extension = {
  capability: 'mboxmetadata',
  tests: [
    { name: 'metadata', match: true, parameters: [mailbox, annotation, keys], run: matches },
    { name: 'metadataexists', parameters: [mailbox, annotations], run: exist },
  ],
};

/** RFC 5490 §4: annotations of the server. */
export const servermetadata: Extension = {
  capability: 'servermetadata',
  tests: [
    { name: 'servermetadata', match: true, parameters: [annotation, keys], run: matches },
    { name: 'servermetadataexists', parameters: [annotations], run: exist },
  ],
};

function* matches(node: CompiledNode, run: Run): Answering<boolean> {
  const value = yield* annotationOf(node, run, run.text(node, 'annotation'));
  if (value === undefined) return false;
  const matched = node.matching.type.run([value], run.texts(node, 'keys'), node.matching, run);
  return typeof matched === 'boolean' ? matched : yield* matched;
}

function* exist(node: CompiledNode, run: Run): Answering<boolean> {
  for (const name of run.texts(node, 'annotations')) {
    if ((yield* annotationOf(node, run, name)) === undefined) return false;
  }
  return true;
}

function annotationOf(node: CompiledNode, run: Run, name: string): Answering<string | undefined> {
  const of = run.has(node, 'mailbox') ? run.text(node, 'mailbox') : undefined;
  return run.ask('metadata', { mailbox: of, annotation: name });
}

/** RFC 5464 §3.2: an entry is private or shared. */
function checkAnnotation(name: string): string | undefined {
  if (/^\/(?:private|shared)(?:\/[^\x00-\x19\x7f-\uffff*%/]+)+$/i.test(name)) return undefined;
  return `"${name.slice(0, 64)}" cannot be the name of an annotation; it begins with "/private/" or "/shared/".`;
}
