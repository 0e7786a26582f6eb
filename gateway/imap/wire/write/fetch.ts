import type { Partial, Section } from '../fetch-item.ts';
import type { Dialect } from '../read/reader.ts';
import { astring } from './text.ts';

/** The name under which octets are answered: `BODY[1.HEADER.FIELDS (Subject)]<0>` (RFC 9051 §7.5.2: the origin only). */
export function bodySectionName(section: Section, partial: Partial | null, dialect: Dialect): string {
  return `BODY[${sectionSpec(section, dialect)}]${origin(partial)}`;
}

/** `BINARY[1.2]<0>` or `BINARY.SIZE[1.2]` (RFC 3516 §4.2). */
export function binarySectionName(
  name: 'BINARY' | 'BINARY.SIZE',
  part: readonly number[],
  partial: Partial | null,
): string {
  return `${name}[${part.join('.')}]${origin(partial)}`;
}

/**
 *     section-spec = section-msgtext / (section-part ["." section-text])     ; RFC 9051 §9
 */
export function sectionSpec(section: Section, dialect: Dialect): string {
  const part = section.part.join('.');
  const text = sectionText(section, dialect);
  return part !== '' && text !== '' ? `${part}.${text}` : part + text;
}

/** `literal` announcement; the octets follow by themselves. `~{n}` when they may hold NUL (RFC 3516 §4.2). */
export function literalHead(octets: number, binary = false): string {
  return `${binary ? '~' : ''}{${octets}}\r\n`;
}

function sectionText({ text }: Section, dialect: Dialect): string {
  switch (text.kind) {
    case 'all':
      return '';
    case 'header':
    case 'text':
    case 'mime':
      return text.kind.toUpperCase();
    case 'fields':
    case 'fields-not': {
      const names = text.names.map((name) => astring(name, dialect)).join(' ');
      return `HEADER.FIELDS${text.kind === 'fields' ? '' : '.NOT'} (${names})`;
    }
  }
}

function origin(partial: Partial | null): string {
  return partial === null ? '' : `<${partial.offset}>`;
}
