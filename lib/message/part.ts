import type { Envelope } from './envelope.ts';

/** Parameters in the order written, names in lower case; `name*` marks a value in RFC 2231 extended form. */
export type Params = readonly (readonly [name: string, value: string])[];

export interface Disposition {
  readonly type: string;
  readonly params: Params;
}

/**
 * One MIME part, with byte offsets into the whole message.
 *
 * `type === 'multipart'` if and only if there are children, and `message/rfc822` or `message/global` if and only if
 * `message` is there: what does not keep that promise has been renamed to a leaf type by the parser.
 * Type, subtype, encoding and parameter names are in lower case.
 */
export interface Part {
  readonly headerStart: number;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** Line ends inside the body. */
  readonly lines: number;
  readonly type: string;
  readonly subtype: string;
  readonly params: Params;
  readonly id: string | undefined;
  readonly description: string | undefined;
  readonly encoding: string;
  readonly md5: string | undefined;
  readonly disposition: Disposition | undefined;
  readonly language: readonly string[];
  readonly location: string | undefined;
  readonly children: readonly Part[];
  readonly message: EmbeddedMessage | undefined;
}

export interface EmbeddedMessage {
  readonly envelope: Envelope;
  readonly body: Part;
}

/** Every part below and including this one, in the order of the message. */
export function* walkParts(part: Part): Generator<Part> {
  yield part;
  for (const child of part.children) yield* walkParts(child);
  if (part.message !== undefined) yield* walkParts(part.message.body);
}
