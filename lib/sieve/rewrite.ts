import { parseStructure } from '../message/structure.ts';
import { writeField } from '../message/write-field.ts';
import { checkEditable, editBody, editHeader, headerBytes } from './edits.ts';
import { currentHeader, type Field, readHeader, setCurrentHeader } from './headers.ts';
import type { Answering } from './question.ts';
import { type Run, slot } from './run.ts';

const rewritesSlot = slot('rewrites', () => 0);

/** The message as it is now, as bytes, and where its body begins in them. */
export interface Whole {
  readonly bytes: Buffer;
  readonly bodyStart: number;
}

/** Reads the whole message, its header as the script has edited it; counted, as it is held in memory. */
export function* wholeMessage(run: Run): Answering<Whole> {
  checkEditable(run);
  const rewrites = run.slot(rewritesSlot) + 1;
  if (rewrites > run.limits.rewrites) run.fail(`The message is changed more than ${run.limits.rewrites} times.`);
  run.setSlot(rewritesSlot, rewrites);
  const { root, sizeBytes } = run.message;
  if (sizeBytes > run.limits.bodyBytes) run.fail('This message is too large to be changed.');
  run.spend(1, sizeBytes);
  const read = yield* run.content();
  const header = headerBytes(currentHeader(run).fields);
  return {
    bytes: Buffer.concat([header, read(root.bodyStart, Math.max(sizeBytes, root.bodyStart))]),
    bodyStart: header.length,
  };
}

/** Puts other bytes in place of the message: tests and actions that follow see them (RFC 5703 §5, §6). */
export function setMessage(run: Run, bytes: Buffer): void {
  run.spend(1, bytes.length);
  const { root, header, sizeBytes } = parseStructure(bytes);
  run.replaceMessage({ root, header, sizeBytes }, (start, end) => bytes.subarray(start, end));
  const read = readHeader(header);
  setCurrentHeader(run, read);
  editHeader(run, read.fields);
  editBody(run, bytes.subarray(root.bodyStart));
}

/** A text as a MIME entity: encoded when it is not ASCII, or when a line could be taken for a delimiter. */
export function textEntity(text: string): Buffer {
  const plain = /^[\t\r\n\x20-\x7e]*$/.test(text) && !/^--/m.test(text) && text.split('\r\n').every(short);
  const body = plain
    ? text
    : (
        Buffer.from(text)
          .toString('base64')
          .match(/.{1,76}/g) ?? []
      ).join('\r\n');
  const fields = [
    writeField('Content-Type', 'text/plain; charset=utf-8'),
    writeField('Content-Transfer-Encoding', plain ? '7bit' : 'base64'),
  ];
  return Buffer.concat([...fields, Buffer.from(`\r\n${body}`)]);
}

/** A field made of a name and a text. */
export function madeField(name: string, value: string): Field {
  return { name: name.toLowerCase(), bytes: writeField(name, value), raw: value };
}

function short(line: string): boolean {
  return line.length <= 998;
}
