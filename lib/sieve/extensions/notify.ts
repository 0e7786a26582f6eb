import { mailboxesOf, parseAddressList } from '../../message/address.ts';
import { walkParts } from '../../message/part.ts';
import { partText } from '../body.ts';
import type { Extension, Tag } from '../definition.ts';
import { currentHeader, decodedField } from '../headers.ts';
import type { Answering } from '../question.ts';
import type { Run } from '../run.ts';
import type { CompiledNode } from '../script.ts';
import { coreMatchTypes } from './core-match-types.ts';
import { takeNotify } from './enotify.ts';

const priorities: readonly Tag[] = ['low', 'normal', 'high'].map((name) => ({ name, group: 'priority' }));

const defaultMessage = '$from$: $subject$';

/** The `notify` of Cyrus before RFC 5435 (draft-martin-sieve-notify-01). */
export const notify: Extension = {
  capability: 'notify',
  commands: [
    {
      name: 'notify',
      tags: [
        { name: 'method', value: { type: 'string' } },
        { name: 'id', value: { type: 'string' } },
        { name: 'options', value: { type: 'strings' } },
        { name: 'message', value: { type: 'string' } },
        ...priorities,
      ],
      *run(node, run) {
        const template = run.has(node, ':message') ? run.text(node, ':message') : defaultMessage;
        const message = yield* filled(template, run);
        takeNotify(run, (action) => run.act(node, action), {
          kind: 'notify',
          ...(run.has(node, ':method') ? { method: run.text(node, ':method') } : {}),
          ...(run.has(node, ':id') ? { id: run.text(node, ':id') } : {}),
          message,
          importance: priorityOf(node, run) ?? 2,
          options: run.texts(node, ':options'),
        });
      },
    },
    {
      name: 'denotify',
      tags: [
        ...['is', 'contains', 'matches'].map((name): Tag => ({ name, value: { type: 'string' }, group: 'match' })),
        ...priorities,
      ],
      *run(node, run) {
        const importance = priorityOf(node, run);
        const dropped = new Set<unknown>();
        for (const action of run.actions) {
          if (action.kind !== 'notify') continue;
          if (importance !== undefined && action.importance !== importance) continue;
          if (yield* hasId(node, run, action.id)) dropped.add(action);
        }
        run.drop((action) => dropped.has(action));
      },
    },
  ],
};

function priorityOf(node: CompiledNode, run: Run): 1 | 2 | 3 | undefined {
  if (run.has(node, ':high')) return 1;
  if (run.has(node, ':normal')) return 2;
  return run.has(node, ':low') ? 3 : undefined;
}

/** Without a match every notification is meant, with one those whose id matches. */
function* hasId(node: CompiledNode, run: Run, id: string | undefined): Answering<boolean> {
  const type = coreMatchTypes.find(({ name }) => run.has(node, `:${name}`));
  if (type === undefined) return true;
  if (id === undefined) return false;
  const { captures } = run;
  const matched = type.run([id], [run.text(node, `:${type.name}`)], { ...node.matching, type }, run);
  const result = typeof matched === 'boolean' ? matched : yield* matched;
  run.captures = captures;
  return result;
}

/** Puts in `$from$`, `$env-from$`, `$subject$`, `$text$` and `$text[20]$`, which is so many characters of the text. */
function* filled(template: string, run: Run): Answering<string> {
  run.spend(1, template.length);
  let out = '';
  let end = 0;
  for (const match of template.matchAll(/\$(from|env-from|subject|text)(?:\[([0-9]{1,9})\])?\$/g)) {
    out += template.slice(end, match.index) + (yield* placeholder(match[1] ?? '', match[2], run));
    end = match.index + match[0].length;
    if (out.length > run.limits.variableChars) break;
  }
  return (out + template.slice(end)).slice(0, run.limits.variableChars);
}

function* placeholder(name: string, chars: string | undefined, run: Run): Answering<string> {
  if (name === 'env-from') return run.environment.envelope.from;
  if (name === 'text') {
    const part = [...walkParts(run.message.root)].find(({ type }) => type === 'text');
    const text = part === undefined ? '' : yield* partText(part, run);
    return text.slice(0, chars === undefined ? run.limits.variableChars : Number(chars)).trim();
  }
  const field = currentHeader(run).named(name)[0];
  if (field === undefined) return '';
  if (name === 'subject') return decodedField(run, field);
  const sender = mailboxesOf(parseAddressList(field.raw))[0];
  return sender === undefined ? '' : `${sender.mailbox}@${sender.host}`;
}
