import { conversionsBetween, defaultTarget } from '../../../lib/convert/conversions.ts';
import { CannotConvert, type Converted } from '../../../lib/convert/converted.ts';
import { isWritableCharset } from '../../../lib/convert/encode-charset.ts';
import { recodeHeader } from '../../../lib/convert/header-words.ts';
import { convertText } from '../../../lib/convert/text.ts';
import { paramText } from '../../../lib/message/encoded-word.ts';
import type { Part } from '../../../lib/message/part.ts';
import { findPart, findSection } from '../../../lib/message/section.ts';
import type { Summary } from '../../../lib/message/summary.ts';
import { transferDecoder } from '../../../lib/message/transfer-encoding.ts';
import type { ColdRow } from '../../../lib/store/mailbox-block.ts';
import type { CommandOf } from '../command-of.ts';
import type { Context } from '../context.ts';
import type { ConvertItem } from '../wire/convert-item.ts';

/** What a client asks of parts: one conversion for all of them. */
export type Asked = Pick<CommandOf<'CONVERT'>, 'to' | 'params'>;

/** Why an item is not answered, with the media types that it was about (RFC 5259 §9). */
export interface Problem {
  readonly text: string;
  /** Undefined: there is no such part. */
  readonly from: string | undefined;
  readonly to: string;
  readonly kind: 'bad' | 'missing' | 'temporary';
  readonly params: readonly (readonly [name: string, value: string])[];
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

/** Conversions of one message; each is made once, whatever is asked of it. */
export class Converter {
  readonly #context: Context;
  readonly #row: ColdRow;
  readonly #summary: Summary;
  readonly #asked: Asked;
  readonly #made = new Map<string, Promise<Outcome<Converted>>>();

  constructor(context: Context, row: ColdRow, summary: Summary, asked: Asked) {
    this.#context = context;
    this.#row = row;
    this.#summary = summary;
    this.#asked = asked;
  }

  /** The converted part. */
  part(path: readonly number[]): Promise<Outcome<Converted>> {
    const key = path.join('.');
    let made = this.#made.get(key);
    if (made === undefined) this.#made.set(key, (made = this.#convert(path)));
    return made;
  }

  /** The media types that the part can become with what is asked (RFC 5259 §8.4). */
  targets(path: readonly number[]): Outcome<readonly string[]> {
    const found = this.#find(path);
    if (!found.ok) return found;
    const { from } = found.value;
    const names = this.#asked.params.map(([name]) => name);
    const usable = conversionsBetween(from, this.#asked.to ?? '*').filter(({ params }) =>
      names.every((name) => params.includes(name)),
    );
    if (usable.length === 0) return this.#impossible(from);
    return { ok: true, value: usable.map(({ to }) => to) };
  }

  /** A header with its encoded words in the charset asked for (RFC 5259 §6). */
  async header({ part, text }: ConvertItem & { readonly item: 'BODY' }): Promise<Outcome<Buffer>> {
    const from = 'message/rfc822';
    const charset = this.#asked.params.find(([name]) => name === 'charset')?.[1];
    const problem = (kind: Problem['kind'], words: string, params: Problem['params'] = []): Outcome<Buffer> => {
      return { ok: false, problem: { text: words, from, to: this.#asked.to ?? from, kind, params } };
    };
    if (this.#asked.to !== null) return problem('bad', 'Headers have the default conversion only');
    const others = this.#asked.params.filter(([name]) => name !== 'charset');
    if (others.length > 0) return problem('bad', 'Unknown parameters', others);
    if (charset === undefined) {
      return problem('missing', 'CHARSET must be specified for header conversions', [['charset', '']]);
    }
    if (!isWritableCharset(charset)) {
      return problem('bad', 'There is no conversion into the charset', [['charset', charset]]);
    }
    const range = findSection(this.#summary.structure, part, text);
    if (range === undefined) {
      return {
        ok: false,
        problem: { text: 'There is no such part', from: undefined, to: from, kind: 'bad', params: [] },
      };
    }
    const { window } = this.#context.selected;
    if (range.end - range.start > window.maxBytes) return problem('bad', 'The header is too large');
    return { ok: true, value: recodeHeader(await window.read(this.#row.blob, range), charset) };
  }

  async #convert(path: readonly number[]): Promise<Outcome<Converted>> {
    const found = this.#find(path);
    if (!found.ok) return found;
    const { part, from } = found.value;
    const to = this.#asked.to?.toLowerCase() ?? defaultTarget(from) ?? from;
    const [conversion] = conversionsBetween(from, to);
    if (conversion === undefined) return this.#impossible(from);
    const unknown = this.#asked.params.filter(([name]) => !conversion.params.includes(name));
    const problem = (text: string, kind: Problem['kind'], params: Problem['params']): Outcome<Converted> => {
      return { ok: false, problem: { text, from, to, kind, params } };
    };
    if (unknown.length > 0) return problem('Unknown parameters', 'bad', unknown);
    try {
      const key = JSON.stringify([this.#row.blob, path, to, this.#asked.params]);
      const { conversions } = this.#context.selected;
      const made = conversions.get(key) ?? (await this.#make(part, to));
      conversions.keep(key, made);
      return { ok: true, value: made };
    } catch (error) {
      if (!(error instanceof CannotConvert)) throw error;
      return problem(error.message, error.isTemporary ? 'temporary' : 'bad', error.params);
    }
  }

  async #make(part: Part, to: string): Promise<Converted> {
    const params = new Map(this.#asked.params);
    const { convertTextBytes, convertImageBytes } = this.#context.options.limits;
    if (part.type === 'text') {
      const charset = paramText(part.params, 'charset') ?? '';
      return convertText(await this.#octets(part, convertTextBytes), part.subtype, charset, params);
    }
    const size = { width: pixels(params, 'pix-x'), height: pixels(params, 'pix-y') };
    const target = to === 'image/png' ? to : 'image/jpeg';
    const bytes = await this.#octets(part, convertImageBytes);
    const picture = await this.#context.options.images.convert({ bytes, to: target, ...size });
    return { type: 'image', subtype: target.slice('image/'.length), charset: undefined, bytes: picture };
  }

  #find(path: readonly number[]): Outcome<{ readonly part: Part; readonly from: string }> {
    const { structure } = this.#summary;
    const part = path.length === 0 ? undefined : findPart(structure, path);
    if (part !== undefined) return { ok: true, value: { part, from: `${part.type}/${part.subtype}` } };
    // RFC 5259 §10: the whole message is no part that anything is made of here.
    if (path.length === 0) return this.#impossible('message/rfc822');
    const to = this.#asked.to ?? 'text/plain';
    return { ok: false, problem: { text: 'There is no such part', from: undefined, to, kind: 'bad', params: [] } };
  }

  #impossible(from: string): { readonly ok: false; readonly problem: Problem } {
    const to = this.#asked.to ?? from;
    const { params } = this.#asked;
    return { ok: false, problem: { text: `${from} cannot be converted so`, from, to, kind: 'bad', params } };
  }

  /** The part without its transfer encoding. */
  async #octets({ bodyStart, bodyEnd, encoding }: Part, most: number): Promise<Buffer> {
    const decoder = transferDecoder(encoding);
    if (decoder === undefined) throw new CannotConvert('The transfer encoding of the part is unknown');
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > most) throw new CannotConvert(`A part of more than ${most} octets is not converted`);
      chunks.push(chunk);
    };
    const { window } = this.#context.selected;
    for await (const chunk of await window.stream(this.#row.blob, { start: bodyStart, end: bodyEnd })) {
      take(Buffer.from(decoder.write(chunk)));
    }
    take(decoder.end());
    return Buffer.concat(chunks);
  }
}

/** A number of pixels that a client gives. */
function pixels(params: ReadonlyMap<string, string>, name: 'pix-x' | 'pix-y'): number | undefined {
  const value = params.get(name);
  if (value === undefined) return undefined;
  if (!/^[1-9]\d{0,4}$/.test(value))
    throw new CannotConvert(`${name.toUpperCase()} is a number of pixels`, [[name, value]]);
  return Number(value);
}
