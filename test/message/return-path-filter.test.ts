import { describe, expect, test } from 'vitest';
import { ReturnPathFilter } from '../../lib/message/return-path-filter.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('Return-Path', () => {
  function filter(chunks: readonly Buffer[]): string {
    const filter = new ReturnPathFilter();
    return Buffer.concat([...chunks.map((chunk) => filter.push(chunk)), filter.end()]).toString('latin1');
  }

  const long = 'x'.repeat(200);
  test.each([
    ['Return-Path: <a>\r\nTo: b\r\n\r\nReturn-Path: text\r\n', 'To: b\r\n\r\nReturn-Path: text\r\n'],
    ['To: b\r\nRETURN-PATH \t: <a>\r\n <c>\r\n\t<d>\r\nCc: e\r\n f\r\n\r\n', 'To: b\r\nCc: e\r\n f\r\n\r\n'],
    ['Return-Path: a\r\nReturn-Path: b\r\n\r\n', '\r\n'],
    ['Return-Path: a', ''],
    ['Return-Pat', 'Return-Pat'],
    ['Return-Path-X: a\r\nX-Return-Path: b\r\n\r\n', 'Return-Path-X: a\r\nX-Return-Path: b\r\n\r\n'],
    ['\r\nReturn-Path: text\r\n', '\r\nReturn-Path: text\r\n'],
    ['a\rb\r\nno colon\r\nReturn-Path: x\r\n\r\n', 'a\rb\r\nno colon\r\n\r\n'],
    ['\r', '\r'],
    ['\rReturn-Path: x\r\n', '\rReturn-Path: x\r\n'],
    [`${long}\r\nReturn-Path: ${long}\r\n ${long}\r\nA: ${long}`, `${long}\r\nA: ${long}`],
    ['', ''],
  ])('%j becomes %j wherever the chunks end', (input, text) => {
    const bytes = latin1(input);
    expect(filter([bytes])).toBe(text);
    expect(filter([...bytes].map((byte) => Buffer.from([byte])))).toBe(text);
    for (let at = 0; at <= bytes.length; at++) expect(filter([bytes.subarray(0, at), bytes.subarray(at)])).toBe(text);
  });
});
