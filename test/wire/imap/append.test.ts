import { describe, expect, it } from 'vitest';
import { parseAppend, parseAppendEnd, parseNextMessage } from '../../../gateway/imap/wire/append.ts';
import type { Frame } from '../../../gateway/imap/wire/frame.ts';
import { Framer } from '../../../gateway/imap/wire/framer.ts';
import { LIMITS_AFTER_LOGIN } from '../../../gateway/imap/wire/limits.ts';

const dialect = { utf8: false };

/** The frames of one APPEND: before each message, and after the last. */
function framesOf(wire: string): Frame[] {
  const framer = new Framer(LIMITS_AFTER_LOGIN);
  framer.push(Buffer.from(wire));
  const frames: Frame[] = [];
  for (let event = framer.next(); event !== null; event = framer.next()) {
    if (event.kind === 'message') framer.accept();
    if (event.kind === 'message' || event.kind === 'command') frames.push(event.frame);
  }
  return frames;
}

const nothing: Frame = { fragments: [], afterMessage: true };

describe('APPEND', () => {
  it('says mailbox, flags and date before the message (RFC 9051 §6.3.12)', () => {
    const [start = nothing, end = nothing] = framesOf(
      'A003 APPEND saved-messages (\\Seen $x) " 7-Feb-1994 21:52:25 -0800" {3}\r\nabc\r\n',
    );
    const append = parseAppend(start, dialect);
    expect(append).toEqual({
      tag: 'A003',
      mailbox: 'saved-messages',
      message: { flags: ['\\Seen', '$x'], internalDateMs: Date.UTC(1994, 1, 8, 5, 52, 25), inUtf8: false },
    });
    expect(() => parseAppendEnd(end, append.message, dialect)).not.toThrow();
  });

  it('reads several messages (RFC 3502), one in UTF8 (RFC 6855 §4), the mailbox as a literal', () => {
    const frames = framesOf('a append {5+}\r\ninbox {1+}\r\nx (\\Draft) UTF8 (~{1+}\r\ny) {1+}\r\nz\r\n');
    const [first = nothing, second = nothing, third = nothing, end = nothing] = frames;
    const append = parseAppend(first, dialect);
    expect(append).toMatchObject({ mailbox: 'INBOX', message: { flags: [], internalDateMs: null } });
    const draft = parseNextMessage(second, append.message, dialect);
    expect(draft).toEqual({ flags: ['\\Draft'], internalDateMs: null, inUtf8: true });
    const last = parseNextMessage(third, draft, dialect);
    expect(last).toEqual({ flags: [], internalDateMs: null, inUtf8: false });
    parseAppendEnd(end, last, dialect);
  });

  it.each([
    ['a APPEND x ( {1+}\r\nx\r\n', 'Expected a flag at octet 13'],
    ['a APPEND x "1-Feb" {1+}\r\nx\r\n', 'Expected a date and time such as " 7-Feb-1994 21:52:25 -0800" at octet 12'],
    ['a APPEND x " 1-Jan-1994 24:00:00 +0000" {1+}\r\nx\r\n', 'Invalid time before octet 40'],
    ['a APPEND x y{1+}\r\nx\r\n', 'Expected a literal at octet 12'],
  ])('%j is refused under its tag', (wire, message) => {
    expect(() => parseAppend(framesOf(wire)[0] ?? nothing, dialect)).toThrow(
      expect.objectContaining({ message, tag: 'a' }),
    );
  });

  it('has nothing after its last message', () => {
    const [start = nothing, end = nothing] = framesOf('a APPEND x {1+}\r\nx y\r\n');
    expect(() => parseAppendEnd(end, parseAppend(start, dialect).message, dialect)).toThrow(
      'Expected the end of the command at octet 2',
    );
  });
});
