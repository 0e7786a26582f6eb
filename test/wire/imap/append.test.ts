import { describe, expect, it } from 'vitest';
import { parseAppend, parseAppendRest } from '../../../gateway/imap/wire/append.ts';
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

const whole = { kind: 'message', flags: [], internalDateMs: null, annotations: [], data: 'literal' } as const;

describe('APPEND', () => {
  it('says mailbox, flags and date before the message (RFC 9051 §6.3.12)', () => {
    const [start = nothing, end = nothing] = framesOf(
      'A003 APPEND saved-messages (\\Seen $x) " 7-Feb-1994 21:52:25 -0800" {3}\r\nabc\r\n',
    );
    expect(parseAppend(start, true, dialect)).toEqual({
      tag: 'A003',
      replaced: null,
      mailbox: 'saved-messages',
      steps: [
        { ...whole, flags: ['\\Seen', '$x'], internalDateMs: Date.UTC(1994, 1, 8, 5, 52, 25) },
        { kind: 'literal' },
      ],
      within: 'literal',
    });
    expect(parseAppendRest(end, 'literal', false, dialect)).toEqual({ steps: [{ kind: 'end' }], within: null });
  });

  it('reads several messages (RFC 3502), one in UTF8 (RFC 9755 §4), the mailbox as a literal', () => {
    const frames = framesOf('a append {5+}\r\ninbox {1+}\r\nx (\\Draft) UTF8 (~{1+}\r\ny) {1+}\r\nz\r\n');
    const [first = nothing, second = nothing, third = nothing, end = nothing] = frames;
    const literal = { kind: 'literal' };
    expect(parseAppend(first, true, dialect)).toMatchObject({ mailbox: 'INBOX', steps: [whole, literal] });
    expect(parseAppendRest(second, 'literal', true, dialect)).toEqual({
      steps: [{ kind: 'end' }, { ...whole, flags: ['\\Draft'], data: 'utf8' }, literal],
      within: 'utf8',
    });
    expect(parseAppendRest(third, 'utf8', true, dialect)).toEqual({
      steps: [{ kind: 'end' }, whole, literal],
      within: 'literal',
    });
    expect(parseAppendRest(end, 'literal', false, dialect)).toEqual({ steps: [{ kind: 'end' }], within: null });
  });

  it('reads the parts of CATENATE (RFC 4469), URLs as literals, too, and other messages behind it', () => {
    const [first = nothing, second = nothing, end = nothing, ...more] = framesOf(
      'a APPEND URL (\\Seen) CATENATE (URL {2+}\r\n/x TEXT {3+}\r\nabc URL "/y" URL {2+}\r\n/z) {1+}\r\nm\r\n',
    );
    expect(more).toEqual([]);
    expect(parseAppend(first, true, dialect)).toMatchObject({
      mailbox: 'URL',
      steps: [
        { kind: 'message', flags: ['\\Seen'], data: 'catenate' },
        { kind: 'url', url: '/x' },
        { kind: 'literal' },
      ],
    });
    expect(parseAppendRest(second, 'catenate', true, dialect)).toEqual({
      steps: [{ kind: 'url', url: '/y' }, { kind: 'url', url: '/z' }, { kind: 'end' }, whole, { kind: 'literal' }],
      within: 'literal',
    });
    expect(parseAppendRest(end, 'literal', false, dialect).steps).toEqual([{ kind: 'end' }]);
    const [alone = nothing] = framesOf('a APPEND x CATENATE (URL /x)\r\n');
    expect(parseAppend(alone, false, dialect).steps.map(({ kind }) => kind)).toEqual(['message', 'url', 'end']);
    // A mailbox of that name is none of its URLs.
    expect(parseAppend(framesOf('a APPEND URL {1+}\r\nx\r\n')[0] ?? nothing, true, dialect)).toMatchObject({
      mailbox: 'URL',
    });
  });

  it.each([
    ['a REPLACE 4 Drafts (\\Seen) {1+}\r\nx\r\n', { number: 4, uid: false }],
    ['a uid replace * {6+}\r\nDrafts {1+}\r\nx\r\n', { number: '*', uid: true }],
  ])('%j says which message goes (RFC 8508)', (wire, replaced) => {
    expect(parseAppend(framesOf(wire)[0] ?? nothing, true, dialect)).toMatchObject({ replaced, mailbox: 'Drafts' });
  });

  it.each([
    ['a APPEND x ( {1+}\r\nx\r\n', 'Expected a flag at octet 13'],
    ['a APPEND x "1-Feb" {1+}\r\nx\r\n', 'Expected a date and time such as " 7-Feb-1994 21:52:25 -0800" at octet 12'],
    ['a APPEND x " 1-Jan-1994 24:00:00 +0000" {1+}\r\nx\r\n', 'Invalid time before octet 40'],
    ['a APPEND x y{1+}\r\nx\r\n', 'Expected a literal at octet 12'],
    ['a APPEND x CATENATE (TEST {1+}\r\nx\r\n', 'Expected TEXT or URL at octet 22'],
  ])('%j is refused under its tag', (wire, message) => {
    expect(() => parseAppend(framesOf(wire)[0] ?? nothing, true, dialect)).toThrow(
      expect.objectContaining({ message, tag: 'a' }),
    );
  });

  it('has nothing after its last message', () => {
    const [, end = nothing] = framesOf('a APPEND x {1+}\r\nx y\r\n');
    expect(() => parseAppendRest(end, 'literal', false, dialect)).toThrow('Expected a literal at octet 2');
  });
});
