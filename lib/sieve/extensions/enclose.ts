import { createHash } from 'node:crypto';
import { dateText } from '../date-text.ts';
import type { Extension } from '../definition.ts';
import { keepForRedirect, withEdits } from '../edits.ts';
import { checkFieldName, currentHeader, decodedField, type Field } from '../headers.ts';
import { loopsSlot } from '../parts.ts';
import type { Answering } from '../question.ts';
import { madeField, setMessage, textEntity, wholeMessage } from '../rewrite.ts';
import type { Run } from '../run.ts';
import type { CompiledNode } from '../script.ts';

/** RFC 5703 §6: the message inside another one, behind a text. */
export const enclose: Extension = {
  capability: 'enclose',
  commands: [
    {
      name: 'enclose',
      tags: [
        { name: 'subject', value: { type: 'string', check: checkLine } },
        { name: 'headers', value: { type: 'strings', check: checkFieldName } },
      ],
      parameters: [{ name: 'text', type: 'string' }],
      run: runEnclose,
    },
  ],
  onAction: withEdits,
};

function* runEnclose(node: CompiledNode, run: Run): Answering<void> {
  const { bytes } = yield* wholeMessage(run);
  keepForRedirect(run);
  const text = textEntity(run.text(node, 'text'));
  // It stands for what it delimits, and so cannot be in it.
  const boundary = `=_${createHash('sha256').update(bytes).update(text).digest('hex').slice(0, 40)}`;
  const fields = enclosing(node, run, boundary);
  setMessage(
    run,
    Buffer.concat([
      ...fields.map((field) => field.bytes),
      Buffer.from(`\r\n--${boundary}\r\n`),
      text,
      Buffer.from(`\r\n--${boundary}\r\nContent-Type: message/rfc822\r\n\r\n`),
      bytes,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
  );
  for (const loop of run.slot(loopsSlot)) loop.over = true;
}

function enclosing(node: CompiledNode, run: Run, boundary: string): readonly Field[] {
  const header = currentHeader(run);
  const copied = run
    .texts(node, ':headers')
    .filter((name) => !/^(?:mime-version|content-.*|subject)$/i.test(name))
    .flatMap((name) => header.named(name));
  const has = (name: string): boolean => copied.some((field) => field.name === name);
  const { nowMs, zoneMinutes, envelope } = run.environment;
  const old = header.named('subject')[0];
  const subject = run.has(node, ':subject') ? run.text(node, ':subject') : old && decodedField(run, old);
  return [
    ...(has('date') ? [] : [madeField('Date', dateText(nowMs, zoneMinutes))]),
    ...(has('from') ? [] : [madeField('From', envelope.to)]),
    ...copied,
    ...(subject === undefined ? [] : [madeField('Subject', subject)]),
    madeField('MIME-Version', '1.0'),
    madeField('Content-Type', `multipart/mixed; boundary="${boundary}"`),
  ];
}

function checkLine(text: string): string | undefined {
  return /[\r\n\0]/.test(text) ? 'A subject must be one line.' : undefined;
}
