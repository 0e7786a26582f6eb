import type { Frame } from '../../../gateway/imap/wire/frame.ts';
import { Framer, type FramerEvent } from '../../../gateway/imap/wire/framer.ts';
import { LIMITS_AFTER_LOGIN, type WireLimits } from '../../../gateway/imap/wire/limits.ts';

/** What the client would have sent for one command, framed; literals are written as they go over the wire. */
export function frameOf(wire: string | Buffer): Frame {
  const framer = new Framer(LIMITS_AFTER_LOGIN);
  framer.push(typeof wire === 'string' ? Buffer.from(`${wire}\r\n`, 'utf8') : wire);
  for (let event = framer.next(); event !== null; event = framer.next()) {
    if (event.kind === 'command' || event.kind === 'message') return event.frame;
  }
  throw new Error(`no whole command in ${wire.toString()}`);
}

/** Events as short texts, messages taken and their octets joined: what must not depend on how the bytes are cut. */
export function transcript(
  chunks: readonly Buffer[],
  limits: WireLimits = LIMITS_AFTER_LOGIN,
  answer: 'accept' | 'refuse' = 'accept',
): string[] {
  const framer = new Framer(limits);
  const seen: string[] = [];
  let message = '';
  for (const chunk of chunks) {
    framer.push(chunk);
    for (let event = framer.next(); event !== null; event = framer.next()) {
      if (event.kind === 'data') {
        message += event.bytes.toString('latin1');
        continue;
      }
      if (event.kind === 'message-end') seen.push(`data ${message}`);
      seen.push(describeEvent(event));
      if (event.kind === 'message') {
        message = '';
        framer[answer]();
      }
    }
  }
  return seen;
}

function describeEvent(event: FramerEvent): string {
  switch (event.kind) {
    case 'command':
      return `command ${describeFrame(event.frame)}`;
    case 'message':
      return `message ${describeFrame(event.frame)}${event.literal.binary ? '~' : ''}{${event.literal.sizeBytes}${event.literal.sync ? '' : '+'}}`;
    case 'refused':
      return `refused ${event.tag} ${event.reason}`;
    case 'line':
      return `line ${event.bytes.toString('latin1')}`;
    default:
      return event.kind;
  }
}

function describeFrame(frame: Frame): string {
  return frame.fragments
    .map(({ kind, bytes }) => (kind === 'line' ? bytes.toString('latin1') : `<${bytes.toString('latin1')}>`))
    .join('');
}
