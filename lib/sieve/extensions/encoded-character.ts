import type { Extension } from '../definition.ts';

const encoded = /\$\{(hex|unicode):\s*((?:[0-9a-f]+)(?:\s+[0-9a-f]+)*)\s*\}/gi;

/** RFC 5228 §2.4.2.4: `${hex: 24 24}` and `${unicode: 1F600}` in strings. */
export const encodedCharacter: Extension = {
  capability: 'encoded-character',
  changesReading: true,
  string: (text) => {
    if (!text.includes('${')) return text;
    let problem: string | undefined;
    const decoded = text.replace(encoded, (whole: string, kind: string, list: string) => {
      const values = list.split(/\s+/).map((digits) => Number.parseInt(digits, 16));
      if (kind.toLowerCase() === 'hex') {
        // hex-pair = 1*2HEXDIG: anything longer is no encoded character, and stays.
        if (list.split(/\s+/).some((digits) => digits.length > 2)) return whole;
        const bytes = Buffer.from(values);
        const characters = bytes.toString('utf8');
        if (characters.includes('\ufffd') && !Buffer.from(characters).equals(bytes)) {
          problem ??= `"${whole.slice(0, 64)}" is not UTF-8.`;
        }
        return characters;
      }
      const wrong = values.some((value) => value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff));
      if (!wrong) return String.fromCodePoint(...values.slice(0, 10_000));
      problem ??= `"${whole.slice(0, 64)}" names no Unicode character.`;
      return whole;
    });
    return problem === undefined ? decoded : { problem };
  },
};
