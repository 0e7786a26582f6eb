import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { newId } from '../../lib/base/ids.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { decodeHead, encodeHead } from '../../lib/store/head.ts';
import { emptyMailbox } from '../../lib/store/mailbox-snapshot.ts';
import { decodeRecords } from '../../lib/store/record.ts';
import { emptyTree } from '../../lib/store/tree-snapshot.ts';
import { FORMAT_1 } from './format-1.ts';

const folder = new URL('../fixtures/format-1/', import.meta.url);
const stored = (name: string): Buffer =>
  Buffer.from(readFileSync(new URL(`${name}.hex`, folder), 'latin1').trim(), 'hex');

const refused = async (run: () => unknown): Promise<string> => {
  try {
    await run();
  } catch (error) {
    return error instanceof StoreError ? error.code : String(error);
  }
  return 'accepted';
};

describe('format 1 (Rule 23)', () => {
  for (const [name, { expected, read }] of Object.entries(FORMAT_1)) {
    it(`${name}: the bytes of the release are read as they were meant`, async () => {
      expect(await read(stored(name))).toEqual(expected);
    });
  }

  it('has a value here for every file', () => {
    expect(readdirSync(folder).sort()).toEqual(
      Object.keys(FORMAT_1)
        .map((name) => `${name}.hex`)
        .sort(),
    );
  });
});

describe('unknown formats (Rule 23)', () => {
  for (const [name, { numbered, write, read }] of Object.entries(FORMAT_1)) {
    if (!numbered) continue;
    it(`${name}: refused`, async () => {
      const packed = Buffer.from(await write());
      packed[0] = 99;
      expect(await refused(() => read(packed))).toBe('format');
    });
  }

  it('a head of another format or with an unknown state is refused', async () => {
    const head = FORMAT_1.head?.read(stored('head')) as Parameters<typeof encodeHead>[0];
    for (const [at, value] of [
      [0, 2],
      [1, 9],
    ] as const) {
      const item = encodeHead(head, Buffer.alloc(0));
      const h = Buffer.from(item.h as Uint8Array);
      h[at] = value;
      expect(await refused(() => decodeHead({ ...item, h }))).toBe('format');
    }
  });

  it('a record of an unknown kind is refused by the views, never skipped', async () => {
    const record = { kind: 60, seq: 1, timeMs: 1, nonce: Buffer.alloc(8), body: Buffer.alloc(0) };
    expect(await refused(() => emptyMailbox(newId(0)).apply(record))).toBe('format');
    expect(await refused(() => emptyTree(newId(0)).apply(record))).toBe('format');
  });

  it('a record whose first byte has unknown bits is refused', async () => {
    expect(await refused(() => decodeRecords(Buffer.from([11, 0x41, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0])))).toBe('format');
  });
});
