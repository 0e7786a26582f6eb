import type { Disposition, Params, Part } from '../../../../lib/message/part.ts';
import type { Dialect } from '../read/reader.ts';
import { envelope } from './envelope.ts';
import { nstring, string } from './text.ts';

/**
 * BODYSTRUCTURE, or BODY, which is the same without extension data (RFC 9051 §7.5.2).
 *
 *     body            = "(" (body-type-1part / body-type-mpart) ")"      ; RFC 9051 §9
 *     body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
 *     body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]
 *
 * Types, encodings and parameter names are written in capitals, as in the RFC's examples.
 */
export function bodyStructure(part: Part, form: 'BODY' | 'BODYSTRUCTURE', dialect: Dialect): string {
  const extended = form === 'BODYSTRUCTURE';
  if (part.type === 'multipart') {
    const children = part.children.map((child) => bodyStructure(child, form, dialect)).join('');
    const extension = extended ? [params(part.params, dialect), ...bodyExtension(part, dialect)] : [];
    return `(${[children, capitals(part.subtype, dialect), ...extension].join(' ')})`;
  }
  const fields = [capitals(part.type, dialect), capitals(part.subtype, dialect), ...bodyFields(part, dialect)];
  if (part.message !== undefined) {
    fields.push(
      envelope(part.message.envelope, dialect),
      bodyStructure(part.message.body, form, dialect),
      `${part.lines}`,
    );
  } else if (part.type === 'text') fields.push(`${part.lines}`);
  if (extended) fields.push(nstring(part.md5, dialect), ...bodyExtension(part, dialect));
  return `(${fields.join(' ')})`;
}

/**
 *     body-fields = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets    ; RFC 9051 §9
 */
function bodyFields(part: Part, dialect: Dialect): string[] {
  return [
    params(part.params, dialect),
    nstring(part.id, dialect),
    nstring(part.description, dialect),
    capitals(part.encoding, dialect),
    `${part.bodyEnd - part.bodyStart}`,
  ];
}

/** `body-fld-dsp SP body-fld-lang SP body-fld-loc`, the end of both body-ext-1part and body-ext-mpart. */
function bodyExtension(part: Part, dialect: Dialect): string[] {
  return [disposition(part.disposition, dialect), languages(part.language, dialect), nstring(part.location, dialect)];
}

/** `body-fld-param = "(" string SP string *(SP string SP string) ")" / nil` */
function params(list: Params, dialect: Dialect): string {
  if (list.length === 0) return 'NIL';
  return `(${list.map(([name, value]) => `${capitals(name, dialect)} ${string(value, dialect)}`).join(' ')})`;
}

/** `body-fld-dsp = "(" string SP body-fld-param ")" / nil` */
function disposition(value: Disposition | undefined, dialect: Dialect): string {
  return value === undefined ? 'NIL' : `(${capitals(value.type, dialect)} ${params(value.params, dialect)})`;
}

/** `body-fld-lang = nstring / "(" string *(SP string) ")"` */
function languages(tags: readonly string[], dialect: Dialect): string {
  const [first, ...others] = tags;
  if (first === undefined) return 'NIL';
  return others.length === 0 ? string(first, dialect) : `(${tags.map((tag) => string(tag, dialect)).join(' ')})`;
}

/** Only the letters of ASCII have capitals on the wire. */
function capitals(text: string, dialect: Dialect): string {
  const isAscii = /^[\x01-\x7f]*$/.test(text);
  return string(isAscii ? text.toUpperCase() : text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()), dialect);
}
