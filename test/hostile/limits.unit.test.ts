import { describe, expect, it } from 'vitest';
import { authLimits } from '../../lib/auth/limits.ts';
import { BadPassword, checkPassword } from '../../lib/auth/password.ts';
import { Slots } from '../../lib/auth/slots.ts';
import { mailboxesOf, parseAddressList } from '../../lib/message/address.ts';
import { readContent } from '../../lib/message/content.ts';
import * as limits from '../../lib/message/limits.ts';
import { parseParameterized } from '../../lib/message/params.ts';
import { parseStructure } from '../../lib/message/structure.ts';
import { baseSubject } from '../../lib/message/subject.ts';
import { summarize } from '../../lib/message/summary.ts';
import { appendTo, MAX_MESSAGES } from '../../lib/store/append.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { checkName, MAX_NAME_BYTES, MAX_NAME_DEPTH } from '../../lib/store/names.ts';
import { SEPARATOR } from '../../lib/store/tree-view.ts';
import { checkUserName } from '../../lib/store/users.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('limits of what is understood of a message', () => {
  it('parameters (maxParams)', () => {
    const list = Array.from({ length: limits.maxParams + 5 }, (_, i) => `; p${i}=${i}`).join('');
    expect(parseParameterized(`text/plain${list}`).params).toHaveLength(limits.maxParams);
  });

  it('a boundary (maxBoundaryBytes)', () => {
    const boundary = (length: number): string | undefined =>
      readContent(bytes(`Content-Type: multipart/mixed; boundary="${'b'.repeat(length)}"\r\n\r\n`), false).boundary;
    expect(boundary(limits.maxBoundaryBytes)).toHaveLength(limits.maxBoundaryBytes);
    expect(boundary(limits.maxBoundaryBytes + 1)).toBeUndefined();
  });

  it('a delimiter with its padding (maxDelimiterLineBytes), whole or in pieces', () => {
    const parts = (padding: number): number => {
      const head = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n';
      const message = `${head}--b\r\n\r\none\r\n--b${' '.repeat(padding)}\r\n\r\ntwo\r\n--b--\r\n`;
      return parseStructure(bytes(message)).root.children.length;
    };
    expect(parts(limits.maxDelimiterLineBytes - 3)).toBe(2);
    expect(parts(limits.maxDelimiterLineBytes - 2)).toBe(1);
  });

  it('addresses (maxAddresses)', () => {
    const count = (given: number): number =>
      mailboxesOf(parseAddressList(Array.from({ length: given }, (_, i) => `a${i}@b`).join(','))).length;
    expect(count(limits.maxAddresses)).toBe(limits.maxAddresses);
    expect(count(limits.maxAddresses + 100)).toBe(limits.maxAddresses);
  });

  it('references (maxReferences): the root and the nearest', () => {
    const ids = Array.from({ length: limits.maxReferences + 50 }, (_, i) => `<${i}@x>`);
    const { references } = summarize(parseStructure(bytes(`References: ${ids.join('\r\n ')}\r\n\r\n`)));
    expect(references).toHaveLength(limits.maxReferences);
    expect([references[0], references.at(-1)]).toEqual([ids[0], ids.at(-1)]);
  });

  it('languages (maxLanguages)', () => {
    const list = Array.from({ length: limits.maxLanguages + 8 }, (_, i) => `x-${i}`).join(', ');
    expect(readContent(bytes(`Content-Language: ${list}\r\n\r\n`), false).language).toHaveLength(limits.maxLanguages);
  });

  it('a preview (maxPreviewChars) and what it is made from (maxSampleBytes)', () => {
    const { maxSampleBytes } = limits.messageLimits;
    const preview = (body: string): string => summarize(parseStructure(bytes(`Subject: x\r\n\r\n${body}`))).preview;
    expect(preview('w'.repeat(limits.maxPreviewChars))).toHaveLength(limits.maxPreviewChars);
    expect(preview('w'.repeat(1_000_000))).toHaveLength(limits.maxPreviewChars);
    expect(preview(`${' '.repeat(maxSampleBytes - 1)}word`)).toBe('w');
    expect(preview(`${' '.repeat(maxSampleBytes)}word`)).toBe('');
  });

  it('a subject (maxSubjectChars)', () => {
    const cut = `${'x'.repeat(limits.maxSubjectChars - 1)}y`;
    expect(baseSubject(`${cut}z`).text).toBe(cut);
    expect(baseSubject('re: '.repeat(1_000_000)).text).toBeDefined();
  });
});

describe('limits of the store', () => {
  const codeOf = (work: () => unknown): string => {
    try {
      work();
      return 'ok';
    } catch (error) {
      if (error instanceof StoreError) return error.code;
      throw error;
    }
  };

  it('messages of a mailbox (MAX_MESSAGES), and the last UID', () => {
    const blob = Buffer.alloc(16) as never;
    const message = { blob, sizeBytes: 1, internalDate: 0, flags: { system: 0, keywords: [] } };
    const fits = (exists: number, uidNext: number, count: number): string =>
      codeOf(() => {
        const view = { state: { uidNext, keywords: [] }, exists, keywordNumbers: () => ({ numbers: [], added: [] }) };
        appendTo(view, Array<typeof message>(count).fill(message), false);
      });
    expect(fits(MAX_MESSAGES - 2, MAX_MESSAGES, 2)).toBe('ok');
    expect(fits(MAX_MESSAGES - 2, MAX_MESSAGES, 3)).toBe('too-many');
    // RFC 9051 §2.3.1.1: a UID is below 2^32, and UIDNEXT is one too.
    expect(fits(1, 2 ** 32 - 3, 1)).toBe('ok');
    expect(fits(1, 2 ** 32 - 3, 2)).toBe('too-many');
  });

  it('names (MAX_NAME_BYTES, in octets, and MAX_NAME_DEPTH)', () => {
    expect(codeOf(() => checkName('ä'.repeat(MAX_NAME_BYTES / 2)))).toBe('ok');
    expect(codeOf(() => checkName(`${'ä'.repeat(MAX_NAME_BYTES / 2)}x`))).toBe('cannot');
    expect(codeOf(() => checkName(Array(MAX_NAME_DEPTH).fill('x').join(SEPARATOR)))).toBe('ok');
    expect(
      codeOf(() =>
        checkName(
          Array(MAX_NAME_DEPTH + 1)
            .fill('x')
            .join(SEPARATOR),
        ),
      ),
    ).toBe('cannot');
  });

  it('the name of a user', () => {
    expect(codeOf(() => checkUserName('u'.repeat(250)))).toBe('ok');
    expect(codeOf(() => checkUserName('u'.repeat(251)))).toBe('cannot');
    // Names are looked up composed: another form would never be found.
    expect(codeOf(() => checkUserName('jos\u00e9'))).toBe('ok');
    expect(codeOf(() => checkUserName('jose\u0301'))).toBe('cannot');
  });
});

describe('limits of logging in', () => {
  it('the length of a password (passwordBytes)', () => {
    checkPassword('p'.repeat(authLimits.passwordBytes));
    expect(() => checkPassword('p'.repeat(authLimits.passwordBytes + 1))).toThrow(BadPassword);
    expect(() => checkPassword(`${'p'.repeat(authLimits.passwordBytes - 1)}ä`)).toThrow(BadPassword);
  });

  it('logins in line (waitingLogins): more are refused at once, and the line goes on', async () => {
    const { waitingLogins } = authLimits;
    const slots = new Slots(1, waitingLogins);
    const first = Promise.withResolvers<void>();
    const running = slots.run(() => first.promise);
    const line = Array.from({ length: waitingLogins }, (_, i) => slots.run(async () => i));
    await expect(slots.run(async () => 'one too many')).rejects.toMatchObject({ code: 'unavailable' });
    first.resolve();
    await running;
    expect(await Promise.all(line)).toHaveLength(waitingLogins);
    expect(await slots.run(async () => 'free again')).toBe('free again');
  });
});
