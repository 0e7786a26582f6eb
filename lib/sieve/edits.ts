import { asBuffer } from '../base/bytes.ts';
import type { Action, EditedMessage } from './actions.ts';
import { currentHeader, type Field, Header, setCurrentHeader } from './headers.ts';
import { type Run, slot } from './run.ts';

interface Edits {
  /** The message as it is now; undefined as long as it is as it came. */
  readonly now: EditedMessage | undefined;
  /** What `redirect` sends when that is something else: what was enclosed (RFC 5703 §6). */
  readonly redirected: { readonly edited: EditedMessage | undefined } | undefined;
}

const editsSlot = slot<Edits>('edits', () => ({ now: undefined, redirected: undefined }));

/** Puts other fields in the header; whatever is done from now on is done with them (RFC 5293 §7). */
export function editHeader(run: Run, fields: readonly Field[]): void {
  checkEditable(run);
  const { now, redirected } = run.slot(editsSlot);
  setCurrentHeader(run, new Header(fields));
  run.setSlot(editsSlot, { now: { ...now, header: headerBytes(fields) }, redirected });
}

/** Takes another body for the message, whose header has been edited already. */
export function editBody(run: Run, body: Uint8Array): void {
  const { now, redirected } = run.slot(editsSlot);
  run.setSlot(editsSlot, { now: { header: now?.header ?? headerBytes(currentHeader(run).fields), body }, redirected });
}

/** From now on `redirect` sends what the message was until now. */
export function keepForRedirect(run: Run): void {
  const { now, redirected } = run.slot(editsSlot);
  run.setSlot(editsSlot, { now, redirected: redirected ?? { edited: now } });
}

/** An action with the message as it is now. */
export function withEdits(action: Action, run: Run): Action {
  const { now, redirected } = run.slot(editsSlot);
  if (action.kind === 'redirect') {
    const edited = redirected === undefined ? now : redirected.edited;
    return edited === undefined ? action : { ...action, edited };
  }
  if (now === undefined || (action.kind !== 'keep' && action.kind !== 'fileinto')) return action;
  // RFC 6785 §3.1: a message that is stored already stays as it is.
  if (action.kind === 'keep' && run.environment.imapEvent === true) return action;
  return { ...action, edited: now };
}

/** Of a header that is larger than what was kept of it only the beginning is known: it cannot be written again. */
export function checkEditable(run: Run): void {
  const { header, root } = run.message;
  if (root.headerStart > 0) run.fail('A script that is included for a part cannot edit the message.');
  if (header.length < root.bodyStart) run.fail('The header of this message is too large to be edited.');
}

/** The header block of these fields with its blank line. */
export function headerBytes(fields: readonly Field[]): Buffer {
  const blocks: Uint8Array[] = [];
  for (const { bytes } of fields) {
    blocks.push(bytes);
    if (bytes.at(-1) !== 0x0a) blocks.push(asBuffer(Buffer.from('\r\n')));
  }
  return Buffer.concat([...blocks, Buffer.from('\r\n')]);
}
