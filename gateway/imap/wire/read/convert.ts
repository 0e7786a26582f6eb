import type { ImapCommand } from '../commands.ts';
import type { ConvertItem } from '../convert-item.ts';
import { partial, section, sectionBinary } from './fetch.ts';
import { type Reader, spaced } from './reader.ts';
import { sequenceSet } from './sequence-set.ts';
import { astring, list, string } from './text.ts';

const MIME_TYPE = /^[A-Za-z0-9!#$&^_.+-]{1,127}\/[A-Za-z0-9!#$&^_.+-]{1,127}$/;
const MIME_TYPES = /^(?:\*|[A-Za-z0-9!#$&^_.+-]{1,127}\/(?:\*|[A-Za-z0-9!#$&^_.+-]{1,127}))$/;

/**
 *     conversions-cmd = "CONVERSIONS" SP from-mime-type-req SP to-mime-type-req     ; RFC 5259 §10
 *     mime-type-req   = any-mime-type / (type-name "/" any-mime-type) / concrete-mime-type
 */
export function conversionsCommand(reader: Reader): ImapCommand {
  const type = (inner: Reader): string => {
    const text = astring(inner, 'a media type');
    return MIME_TYPES.test(text) ? text : inner.invalid('media type');
  };
  return { name: 'CONVERSIONS', from: spaced(reader, type), to: spaced(reader, type) };
}

/**
 *     convert = "CONVERT" SP sequence-set SP convert-params SP
 *               ( convert-att / "(" convert-att *(SP convert-att) ")" )     ; RFC 5259 §10
 */
export function convertCommand(reader: Reader, uid: boolean): ImapCommand {
  const set = spaced(reader, sequenceSet);
  const { to, params } = spaced(reader, convertParams);
  reader.sp();
  const items = reader.peek() === '(' ? list(reader, convertAtt, false) : [convertAtt(reader)];
  return { name: 'CONVERT', uid, set, to, params, items };
}

/**
 *     convert-params     = "(" (quoted-to-mime-type / default-conversion) [SP "(" transcoding-params ")"] ")"
 *     transcoding-param  = transcoding-param-name SP transcoding-param-value
 *     default-conversion = "NIL"
 */
function convertParams(reader: Reader): { to: string | null; params: (readonly [string, string])[] } {
  reader.expect('(');
  const to = reader.skip('NIL') ? null : string(reader, 'a media type');
  // RFC 5259 §9: a media type that cannot be one.
  if (to !== null && !MIME_TYPE.test(to)) reader.invalid('media type');
  const param = (inner: Reader): readonly [string, string] => [
    astring(inner, 'a parameter').toLowerCase(),
    spaced(inner, (value) => astring(value, 'a value')),
  ];
  const params = reader.skip(' ') ? list(reader, param, false) : [];
  reader.expect(')');
  return { to, params };
}

/**
 *     convert-att = "UID" / "BODYPARTSTRUCTURE" section-convert / "BINARY" section-convert [partial] /
 *                   "BINARY.SIZE" section-convert / "BODY[HEADER]" / "BODY[" section-part ".HEADER]" /
 *                   "BODY[" section-part ".MIME]" / "AVAILABLECONVERSIONS" section-convert
 */
function convertAtt(reader: Reader): ConvertItem {
  const name = (reader.match(/[A-Za-z.]+/y) ?? reader.fail('a data item')).toUpperCase();
  switch (name) {
    case 'UID':
      return { item: name };
    case 'BODYPARTSTRUCTURE':
    case 'BINARY.SIZE':
    case 'AVAILABLECONVERSIONS':
      return { item: name, part: sectionBinary(reader) };
    case 'BINARY':
      return { item: name, part: sectionBinary(reader), partial: partial(reader) };
    case 'BODY': {
      const { part, text } = section(reader);
      if (text.kind !== 'header' && text.kind !== 'mime') return reader.invalid('section (headers are converted)');
      return { item: name, part, text: text.kind };
    }
    default:
      return reader.invalid('data item');
  }
}
