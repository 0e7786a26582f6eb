import { type Part, walkParts } from '../message/part.ts';
import { headerBytes } from './edits.ts';
import { currentHeader, type Field, type Header, indexed, readHeader, setCurrentHeader } from './headers.ts';
import type { Answering } from './question.ts';
import { type Run, slot } from './run.ts';
import type { CompiledNode } from './script.ts';

/** One `foreverypart` that runs: where it is in the list of all parts. */
export interface PartLoop {
  readonly name: string | undefined;
  /** The variables of the script that it is in: a `break` does not reach into another script. */
  readonly scope: object;
  index: number;
  /** The message was enclosed: what the loop went through is now inside a part. */
  over: boolean;
}

/** The loops that run, the innermost last. */
export const loopsSlot = slot<PartLoop[]>('loops', () => []);

const listSlot = slot<{ readonly root: Part; readonly list: readonly Part[] } | undefined>('parts', () => undefined);

const headersSlot = slot('part headers', () => new Map<Part, Header>());

/** Every part of the message in its order, the message itself first (RFC 5703 §3). */
export function allParts(run: Run): readonly Part[] {
  const { root } = run.message;
  const known = run.slot(listSlot);
  if (known?.root === root) return known.list;
  const list = [...walkParts(root)];
  run.spend(list.length);
  run.setSlot(listSlot, { root, list });
  run.slot(headersSlot).clear();
  return list;
}

/** The part that the innermost loop is at; undefined outside of all loops. */
export function currentPart(run: Run): Part | undefined {
  const loop = run.slot(loopsSlot).at(-1);
  return loop === undefined ? undefined : allParts(run)[loop.index];
}

/** Runs something on the part that a loop is at as though it were the message (RFC 6609 §3.5). */
export function* onCurrentPart(run: Run, inside: () => Answering<void>): Answering<void> {
  const part = currentPart(run);
  if (part === undefined || part === run.message.root) return yield* inside();
  const header = currentHeader(run);
  const loops = run.slot(loopsSlot);
  const partHeader = yield* headerOf(part, run);
  const block = headerBytes(partHeader.fields);
  const whole = run.message;
  run.message = { header: block, root: part, sizeBytes: part.bodyEnd - part.headerStart };
  setCurrentHeader(run, partHeader);
  run.setSlot(loopsSlot, []);
  yield* inside();
  run.message = whole;
  setCurrentHeader(run, header);
  run.setSlot(loopsSlot, loops);
}

/** Fields of the part that is meant, with `:anychild` of all parts inside it as well (RFC 5703 §4). */
export function* mimeFields(node: CompiledNode, run: Run, names: readonly string[]): Answering<readonly Field[]> {
  const part = currentPart(run) ?? run.message.root;
  const fields: Field[] = [];
  for (const one of run.has(node, ':anychild') ? walkParts(part) : [part]) {
    const header = yield* headerOf(one, run);
    fields.push(...names.flatMap((name) => header.named(name)));
  }
  return indexed(node, run, fields);
}

function* headerOf(part: Part, run: Run): Answering<Header> {
  run.spend(1);
  if (part === run.message.root) return currentHeader(run);
  const headers = run.slot(headersSlot);
  const known = headers.get(part);
  if (known !== undefined) return known;
  const read = yield* run.content();
  const end = Math.min(part.bodyStart, part.headerStart + run.limits.partHeaderBytes);
  run.spend(1, end - part.headerStart);
  const header = readHeader(read(part.headerStart, end));
  headers.set(part, header);
  return header;
}
