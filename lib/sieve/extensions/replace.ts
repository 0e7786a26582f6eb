import { mailboxesOf, parseAddressList } from '../../message/address.ts';
import type { Part } from '../../message/part.ts';
import type { Extension } from '../definition.ts';
import { withEdits } from '../edits.ts';
import { checkMailboxes, currentHeader, type Field, readHeader } from '../headers.ts';
import { allParts, currentPart, loopsSlot } from '../parts.ts';
import type { Answering } from '../question.ts';
import { madeField, setMessage, textEntity, type Whole, wholeMessage } from '../rewrite.ts';
import type { Run } from '../run.ts';
import type { CompiledNode } from '../script.ts';

/** RFC 5703 §5: something else in place of a part, or of the whole message. */
export const replace: Extension = {
  capability: 'replace',
  commands: [
    {
      name: 'replace',
      tags: [
        { name: 'mime' },
        { name: 'subject', value: { type: 'string', check: checkLine } },
        { name: 'from', value: { type: 'string', check: checkMailboxes } },
      ],
      parameters: [{ name: 'replacement', type: 'string' }],
      check: ({ values }) => {
        const both = values.has(':mime') && (values.has(':subject') || values.has(':from'));
        return both ? '":subject" and ":from" mean nothing together with ":mime".' : undefined;
      },
      run: runReplace,
    },
  ],
  onAction: withEdits,
};

function* runReplace(node: CompiledNode, run: Run): Answering<void> {
  const text = run.text(node, 'replacement');
  const entity = run.has(node, ':mime') ? Buffer.from(text) : textEntity(text);
  const part = currentPart(run);
  const whole = yield* wholeMessage(run);
  if (part === undefined || part === run.message.root) {
    setMessage(run, replacedMessage(node, run, entity));
    skipInside(run);
    return;
  }
  setMessage(run, replacedPart(whole, part, run.message.root, entity));
  skipInside(run);
}

/** The message with other bytes for one of its parts. */
function replacedPart({ bytes, bodyStart }: Whole, part: Part, root: Part, entity: Buffer): Buffer {
  const moved = bodyStart - root.bodyStart;
  return Buffer.concat([bytes.subarray(0, part.headerStart + moved), entity, bytes.subarray(part.bodyEnd + moved)]);
}

/** Loops do not go into what has just been put there: a script could make parts without end. */
function skipInside(run: Run): void {
  const loop = run.slot(loopsSlot).at(-1);
  const part = currentPart(run);
  if (loop === undefined || part === undefined) return;
  const parts = allParts(run);
  const outside = parts.findIndex((other, index) => index > loop.index && other.headerStart >= part.bodyEnd);
  loop.index = (outside < 0 ? parts.length : outside) - 1;
}

/** The header keeps all that does not say what the body is, and what was changed in it under another name. */
function replacedMessage(node: CompiledNode, run: Run, entity: Buffer): Buffer {
  const changed = new Map<string, Field>();
  if (run.has(node, ':subject')) changed.set('subject', madeField('Subject', run.text(node, ':subject')));
  if (run.has(node, ':from')) changed.set('from', madeField('From', fromText(run.text(node, ':from'))));
  const fields = currentHeader(run).fields.flatMap((field): Field[] => {
    if (field.name.startsWith('content-') || field.name === 'mime-version' || field.name === '') return [];
    return changed.has(field.name) ? [original(field)] : [field];
  });
  const content = readHeader(entity);
  const end = content.fields.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const body = entity
    .subarray(end)
    .toString('latin1')
    .replace(/^\r?\n/, '');
  const all = [...changed.values(), ...fields, madeField('MIME-Version', '1.0')];
  const described = content.fields.filter(({ name }) => name.startsWith('content-'));
  return Buffer.concat([
    ...[...all, ...described].map(({ bytes }) => bytes),
    Buffer.from('\r\n'),
    Buffer.from(body, 'latin1'),
  ]);
}

function original(field: Field): Field {
  const name = `original-${field.name}`;
  const written = field.name === 'from' ? 'Original-From' : 'Original-Subject';
  const value = Buffer.from(field.bytes)
    .toString('latin1')
    .replace(/^[^:]*:/, '');
  return { name, bytes: Buffer.from(`${written}:${value}`, 'latin1'), raw: field.raw };
}

/** Addresses whose names are words of their own, so that each can be encoded. */
function fromText(text: string): string {
  return mailboxesOf(parseAddressList(text))
    .map(({ name, mailbox, host }) => {
      const address = `${mailbox}@${host}`;
      if (name === undefined) return address;
      const shown = /^[\w !#$%&'*+/=?^`{|}~-]*$|[^\x00-\x7f]/.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`;
      return `${shown} <${address}>`;
    })
    .join(', ');
}

function checkLine(text: string): string | undefined {
  return /[\r\n\0]/.test(text) ? 'A subject must be one line.' : undefined;
}
