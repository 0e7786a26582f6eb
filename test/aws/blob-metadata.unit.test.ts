import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blobMetadata, isWrittenBy, s3Metadata } from '../../lib/aws/blob-metadata.ts';

describe('metadata of blobs in S3', () => {
  test('comes back whatever it holds, as printable ASCII of at most 2 KB', () => {
    const name = fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }).filter((text) => text !== '__proto__');
    const value = fc.string({ maxLength: 100, unit: 'binary' });
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 4 }), (metadata) => {
        const stored = s3Metadata(metadata, 'me');
        expect(blobMetadata(stored)).toEqual({ ...metadata });
        expect(isWrittenBy(stored, 'me')).toBe(true);
        for (const text of Object.values(stored)) expect(text).toMatch(/^[\x20-\x7e]+$/);
      }),
    );
  });

  test('1.8 KB of random characters of any script fit into what S3 takes', () => {
    const units = ['az09 !"~', 'éüßàœ', '漢字仮名交', '😀🎉🧵'].map((text) => [...text]);
    const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
    for (const alphabet of [...units, printable, [...printable, 'é', '漢', '😀']]) {
      let text = 'é';
      for (;;) {
        const next = text + alphabet[Math.floor(Math.random() * alphabet.length)];
        if (Buffer.byteLength(next) > 1790) break;
        text = next;
      }
      const stored = s3Metadata({ to: text }, 'AbCd1234');
      const bytes = Object.entries(stored).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
      expect(bytes).toBeLessThanOrEqual(2048);
      expect(blobMetadata(stored)).toEqual({ to: text });
    }
  });

  test('plain metadata stays readable', () => {
    expect(s3Metadata({ from: 'a b@example.com' }, 'me')).toEqual({ from: 'a b@example.com', 'cirrus-w': 'me' });
  });
});
