import { describe, expect, it } from 'vitest';
import { readEnvelope } from '../../lib/message/envelope.ts';
import { allValues, firstValue, headerFields, pickFields } from '../../lib/message/header.ts';

const block = Buffer.from(
  'From me Mon\r\nSubject : a\r\n b\r\n\tc  \r\nTO:x@y\r\nno colon\r\n folded\r\nSubject: second\nX-8: \xfc\0z\r\n\r\nbody: x\r\n',
  'latin1',
);

describe('header', () => {
  it('has fields with their offsets, and lines that are none', () => {
    const fields = [...headerFields(block)];
    expect(fields.map((field) => field.name)).toEqual(['', 'subject', 'to', '', 'subject', 'x-8']);
    expect(fields.map((field) => block.toString('latin1', field.start, field.end)).join('')).toBe(
      block.toString('latin1').split('\r\nbody')[0],
    );
  });

  it('gives values unfolded', () => {
    expect(firstValue(block, 'subject')).toBe('a b\tc');
    expect(allValues(block, 'subject')).toEqual(['a b\tc', 'second']);
    expect(firstValue(block, 'x-8')).toBe('üz');
    expect(firstValue(block, 'missing')).toBeUndefined();
    expect(firstValue(Buffer.from('A: ü\n'), 'a')).toBe('ü');
  });

  it('picks fields byte by byte, and keeps the blank line (RFC 9051 §6.4.5.1)', () => {
    const picked = (which: 'only' | 'except', ...names: string[]) => pickFields(block, names, which).toString('latin1');
    expect(picked('only', 'subject')).toBe('Subject : a\r\n b\r\n\tc  \r\nSubject: second\n\r\n');
    expect(picked('only', 'none')).toBe('\r\n');
    expect(picked('except', 'Subject', 'x-8')).toBe('From me Mon\r\nTO:x@y\r\nno colon\r\n folded\r\n\r\n');
    expect(pickFields(Buffer.from('A: b'), ['a'], 'only').toString()).toBe('A: b');
  });
});

describe('envelope', () => {
  const envelope = (...lines: string[]) => readEnvelope(Buffer.from([...lines, '', ''].join('\r\n')));

  it('takes From for missing Sender and Reply-To (RFC 9051 §7.5.2)', () => {
    const { from, sender, replyTo, to } = envelope('From: a@b', 'Reply-To:', 'Sender: s@t');
    expect(replyTo).toEqual(from);
    expect(sender).toMatchObject([{ mailbox: 's', host: 't' }]);
    expect(to).toEqual([]);
  });

  it('keeps date and subject raw, tells empty from missing, and joins repeated lists', () => {
    const read = envelope(
      'Date:  Mon, 1 (c) Jan',
      'Subject: =?utf-8?q?=C3=BC?=',
      ' x',
      'To: a@b',
      'To: c@d',
      'Message-ID:',
    );
    expect(read.date).toBe('Mon, 1 (c) Jan');
    expect(read.subject).toBe('=?utf-8?q?=C3=BC?= x');
    expect(read.to).toMatchObject([{ mailbox: 'a' }, { mailbox: 'c' }]);
    expect(read.messageId).toBe('');
    expect(read.inReplyTo).toBeUndefined();
  });
});
