import type { ConvertItem } from '../convert-item.ts';
import type { Dialect } from '../read/reader.ts';
import { astring, string } from './text.ts';

type Params = readonly (readonly [name: string, value: string])[];

/**
 *     conversion-data = "CONVERSION" SP quoted-from-mime-type SP quoted-to-mime-type
 *                       [SP "(" transcoding-param-name *(SP transcoding-param-name) ")"]     ; RFC 5259 §10
 */
export function conversion(from: string, to: string, params: readonly string[]): string {
  const names = params.length === 0 ? '' : ` (${params.map((name) => `"${name}"`).join(' ')})`;
  return `* CONVERSION "${from}" "${to}"${names}\r\n`;
}

/** `nz-number SP "CONVERTED" SP "(" "TAG" SP tag-string ")" SP "("`: what follows are the items. */
export function convertedHead(sequence: number, tag: string): string {
  return `* ${sequence} CONVERTED (TAG "${tag}") (`;
}

/** The name of an item as it is answered: `BINARY[1.2]<0>`, `BODY[HEADER]`. */
export function convertItemName(item: ConvertItem): string {
  if (item.item === 'UID') return item.item;
  const part = item.part.join('.');
  if (item.item === 'BODY') return `BODY[${part === '' ? '' : `${part}.`}${item.text.toUpperCase()}]`;
  const origin = item.item === 'BINARY' && item.partial !== null ? `<${item.partial.offset}>` : '';
  return `${item.item}[${part}]${origin}`;
}

/**
 *     converterror-phrase = "(" "ERROR" SP convert-err-descript SP convert-error-code ")"
 *     bad-params          = "BADPARAMETERS" 1*(SP (quoted-from-mime-type / nil) SP mimetype-and-params)
 */
export function badParameters(
  text: string,
  from: string | undefined,
  to: string,
  params: Params,
  dialect: Dialect,
): string {
  const source = from === undefined ? 'NIL' : `"${from}"`;
  const blamed = params.length === 0 ? '' : ` (${paramTexts(params, dialect)})`;
  return `(ERROR ${string(text, dialect)} BADPARAMETERS ${source} "${to}"${blamed})`;
}

/** `missing-params = "MISSINGPARAMETERS" 1*(SP quoted-from-mime-type SP mimetype-and-missing-params)` */
export function missingParameters(
  text: string,
  from: string,
  to: string,
  names: readonly string[],
  dialect: Dialect,
): string {
  return `(ERROR ${string(text, dialect)} MISSINGPARAMETERS "${from}" "${to}" (${names.map((name) => `"${name}"`).join(' ')}))`;
}

/** `convert-error-code = "TEMPFAIL" [SP nz-number]` */
export function temporaryFailure(text: string, dialect: Dialect): string {
  return `(ERROR ${string(text, dialect)} TEMPFAIL)`;
}

/** `mimetype-list = "(" "(" [quoted-to-mime-type *(SP quoted-to-mime-type)] ")" ")"` */
export function mimeTypes(types: readonly string[]): string {
  return `((${types.map((type) => `"${type}"`).join(' ')}))`;
}

function paramTexts(params: Params, dialect: Dialect): string {
  return params.map(([name, value]) => `${astring(name, dialect)} ${string(value, dialect)}`).join(' ');
}
