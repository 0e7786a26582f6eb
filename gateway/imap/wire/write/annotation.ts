import { isUtf8 } from 'node:buffer';
import type { AnnotationAttribute } from '../annotation.ts';
import type { Dialect } from '../read/reader.ts';
import { astring, string } from './text.ts';

/** An entry of a message and its values, as one user sees them. */
export interface AnnotationShown {
  readonly entry: string;
  readonly private: Buffer | undefined;
  readonly shared: Buffer | undefined;
}

/**
 *     msg-att-dynamic =/ "ANNOTATION" SP "(" entry-att *(SP entry-att) ")"      ; RFC 5257 §5
 *
 * In pieces, because values may be octets.
 */
export function annotationPieces(
  shown: readonly AnnotationShown[],
  attributes: readonly AnnotationAttribute[],
  dialect: Dialect,
): (string | Buffer)[] {
  const pieces: (string | Buffer)[] = ['ANNOTATION ('];
  for (const [i, one] of shown.entries()) {
    pieces.push(`${i === 0 ? '' : ' '}${astring(one.entry, dialect)} (`);
    let separator = '';
    for (const { name, scope } of attributes) {
      for (const whose of scope === 'both' ? (['private', 'shared'] as const) : [scope]) {
        pieces.push(`${separator}${name}.${whose === 'private' ? 'priv' : 'shared'} `);
        pieces.push(...(name === 'size' ? [`"${one[whose]?.length ?? 0}"`] : valuePieces(one[whose], dialect)));
        separator = ' ';
      }
    }
    pieces.push(')');
  }
  pieces.push(')');
  return pieces;
}

/** `"ANNOTATION" SP "(" entry *(SP entry) ")"`: these have changed (RFC 5257 §4.4). */
export function changedAnnotations(entries: Iterable<string>, dialect: Dialect): string {
  return `ANNOTATION (${[...entries].map((entry) => astring(entry, dialect)).join(' ')})`;
}

/** `value = nstring / literal8` */
function valuePieces(value: Buffer | undefined, dialect: Dialect): (string | Buffer)[] {
  if (value === undefined) return ['NIL'];
  if (isUtf8(value) && !value.includes(0)) return [string(value.toString('utf8'), dialect)];
  return [`~{${value.length}}\r\n`, value];
}
