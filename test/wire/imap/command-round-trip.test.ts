import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadSyntax } from '../../../gateway/imap/wire/bad-syntax.ts';
import { parseCommand } from '../../../gateway/imap/wire/parse-command.ts';
import { arbitraryCommand } from './arbitrary-command.ts';
import { frameOf, transcript } from './frames.ts';
import { writeCommand } from './write-command.ts';

const dialects = fc.constantFrom({ utf8: false }, { utf8: true });

describe('commands', () => {
  it('parse(write(x)) = x', () => {
    fc.assert(
      fc.property(arbitraryCommand, dialects, (command, dialect) => {
        const wire = Buffer.concat([Buffer.from('a1 '), writeCommand(command, dialect), Buffer.from('\r\n')]);
        expect(parseCommand(frameOf(wire), dialect)).toEqual({ tag: 'a1', command });
      }),
      { numRuns: 5000 },
    );
  });

  it('a mutated command is another command or BadSyntax, never anything else', () => {
    const edit = fc.record({
      at: fc.nat(),
      drop: fc.nat(3),
      put: fc.oneof(
        fc.constantFrom('(', ')', '"', ' ', '*', '{2+}\r\nab', '\\', '\0', '99999999999'),
        fc.string({ unit: 'binary-ascii', maxLength: 3 }),
      ),
    });
    fc.assert(
      fc.property(
        arbitraryCommand,
        dialects,
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (command, dialect, edits) => {
          let wire = Buffer.concat([Buffer.from('a1 '), writeCommand(command, dialect), Buffer.from('\r\n')]).toString(
            'latin1',
          );
          for (const { at, drop, put } of edits) {
            const from = at % wire.length;
            wire = wire.slice(0, from) + put + wire.slice(from + drop);
          }
          let frame: ReturnType<typeof frameOf>;
          try {
            frame = frameOf(Buffer.from(`${wire}\r\n`, 'latin1'));
          } catch {
            return;
          }
          try {
            parseCommand(frame, dialect);
          } catch (error) {
            if (!(error instanceof BadSyntax)) throw error;
            expect(error.message).toMatch(/^[\x20-\x7e]+$/);
          }
        },
      ),
      { numRuns: 10_000 },
    );
  });

  it('octets of a literal are never read as a command', () => {
    const evil = fc.constantFrom('z DELETE INBOX\r\n', '\r\nz DELETE INBOX\r\n', '{3+}\r\nz DELETE x\r\n');
    fc.assert(
      fc.property(arbitraryCommand, evil, fc.nat(), (command, octets, cut) => {
        // The command is broken off anywhere on its last line, and goes on with a literal.
        const line = writeCommand(command, { utf8: false }).toString('latin1').split('\r\n').at(-1) ?? '';
        const wire = `a1 ${line.slice(0, cut % (line.length + 1)).replace(/^APPEND/i, 'X')} {${octets.length}+}\r\n${octets}\r\nb NOOP\r\n`;
        const events = transcript([Buffer.from(wire, 'latin1')]);
        expect(events.at(-1)).toBe('command b NOOP');
        expect(events.some((event) => event.startsWith('command z'))).toBe(false);
      }),
    );
  });
});
