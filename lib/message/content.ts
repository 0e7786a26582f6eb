import { asBuffer } from '../base/bytes.ts';
import { fieldText, headerFields, unfold } from './header.ts';
import { maxBoundaryBytes, maxLanguages } from './limits.ts';
import { parseParameterized, rawParam } from './params.ts';
import type { Disposition, Params } from './part.ts';

/** What a header block says about the body below it (RFC 2045, 1864, 2183, 3282, 2557). */
export interface Content {
  readonly type: string;
  readonly subtype: string;
  readonly params: Params;
  /** The delimiter of a multipart, one character for each byte; undefined if there is none to go by. */
  readonly boundary: string | undefined;
  readonly id: string | undefined;
  readonly description: string | undefined;
  readonly encoding: string;
  readonly md5: string | undefined;
  readonly disposition: Disposition | undefined;
  readonly language: readonly string[];
  readonly location: string | undefined;
}

type MediaType = Pick<Content, 'type' | 'subtype' | 'params' | 'boundary'>;

/** RFC 2045 §5.2: what a body is when its header does not say, or says it in a way nobody can read. */
const plainText: MediaType = {
  type: 'text',
  subtype: 'plain',
  params: [['charset', 'us-ascii']],
  boundary: undefined,
};

/** RFC 2046 §5.1.5: what it is inside a multipart/digest. */
const digestEntry: MediaType = { type: 'message', subtype: 'rfc822', params: [], boundary: undefined };

/** Reads the content fields of a header block; of repeated fields the first counts. */
export function readContent(block: Uint8Array, inDigest: boolean): Content {
  const values = new Map<string, string>();
  let rawType = '';
  for (const field of headerFields(block)) {
    if (!field.name.startsWith('content-') || values.has(field.name)) continue;
    values.set(field.name, fieldText(block, field));
    if (field.name === 'content-type')
      rawType = unfold(asBuffer(block).toString('latin1', field.valueStart, field.end));
  }
  const contentType = values.get('content-type');
  const missing = inDigest ? digestEntry : plainText;
  return {
    ...(contentType === undefined ? missing : readMediaType(contentType, rawType)),
    id: nonEmpty(values.get('content-id')),
    description: nonEmpty(values.get('content-description')),
    encoding: token(values.get('content-transfer-encoding')) ?? '7bit',
    md5: nonEmpty(values.get('content-md5')),
    disposition: readDisposition(values.get('content-disposition')),
    language: readLanguages(values.get('content-language')),
    location: nonEmpty(values.get('content-location')),
  };
}

/** The leaf a multipart or message becomes when it cannot be looked into. */
export function asLeaf(content: Content, subtype: 'plain' | 'octet-stream'): Content {
  const media = subtype === 'plain' ? plainText : { type: 'application', subtype, params: [], boundary: undefined };
  return { ...content, ...media };
}

function readMediaType(text: string, raw: string): MediaType {
  const { word, params } = parseParameterized(text);
  const match = /^([!#$%&'*+\-.^_`{|}~\w]+)\s*\/\s*([!#$%&'*+\-.^_`{|}~\w]+)/.exec(word);
  if (match === null) return plainText;
  const type = (match[1] ?? '').toLowerCase();
  const subtype = (match[2] ?? '').toLowerCase();
  // Delimiter lines are bytes, so the boundary is taken from the bytes and not from their text.
  const boundary = type === 'multipart' ? boundaryOf(parseParameterized(raw).params) : undefined;
  return { type, subtype, params, boundary };
}

function boundaryOf(params: Params): string | undefined {
  // Trailing white space of a delimiter line is padding (RFC 2046 §5.1.1), so a boundary cannot end in it.
  const boundary = rawParam(params, 'boundary')?.trimEnd();
  return boundary === undefined || boundary === '' || boundary.length > maxBoundaryBytes ? undefined : boundary;
}

function readDisposition(text: string | undefined): Disposition | undefined {
  if (text === undefined) return undefined;
  const { word, params } = parseParameterized(text);
  const type = word.toLowerCase();
  if (type === '' && params.length === 0) return undefined;
  // RFC 2183 §2.8: a type nobody can read is an attachment.
  return { type: type === '' ? 'attachment' : type, params };
}

function readLanguages(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const tags = text.replace(/\([^()]*\)/g, '').split(/[,\s]+/, maxLanguages);
  return tags.filter((tag) => tag !== '');
}

function token(text: string | undefined): string | undefined {
  return text === undefined ? undefined : nonEmpty(parseParameterized(text).word.toLowerCase());
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
