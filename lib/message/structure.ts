import { asBuffer } from '../base/bytes.ts';
import { Capture } from './capture.ts';
import { asLeaf, type Content, readContent } from './content.ts';
import { type Envelope, readEnvelope } from './envelope.ts';
import { type MessageLimits, maxDelimiterLineBytes, messageLimits } from './limits.ts';
import type { Part } from './part.ts';

const lf = 0x0a;
const cr = 0x0d;
const dash = 0x2d;

/** A parsed message: the tree, and the few bytes of it that were kept. */
export interface Structure {
  readonly root: Part;
  readonly sizeBytes: number;
  /** The message's own header block with its blank line, up to `maxHeaderBytes`. */
  readonly header: Buffer;
  readonly samples: readonly BodySample[];
}

/** The beginning of the body of the message's first text/plain or text/html part that is no attachment. */
export interface BodySample {
  readonly part: Part;
  readonly bytes: Buffer;
}

/** Parses a whole message; there is no input it refuses. */
export function parseStructure(message: Uint8Array, limits: MessageLimits = messageLimits): Structure {
  const parser = new StructureParser(limits);
  parser.feed(message);
  return parser.finish();
}

/** A part whose end has not been seen. */
interface Frame {
  readonly headerStart: number;
  readonly inDigest: boolean;
  readonly children: Part[];
  content: Content;
  bodyStart: number;
  /** Line ends in the message before `bodyStart`. */
  linesBefore: number;
  /** The delimiter of a multipart, as long as more parts may come. */
  boundary: string | undefined;
  /** The outer frame with the same delimiter, which this one hides. */
  hidden: number | undefined;
  sample: Capture | undefined;
  /** Of a message: the envelope of the message inside, and that message. */
  envelope: Envelope | undefined;
  body: Part | undefined;
}

/**
 * A MIME parser that sees every byte once and keeps only the tree (RFC 2045, 2046, 5322).
 *
 * Lines end at LF; a CR before it belongs to the line end, a CR elsewhere is content. A delimiter is a line that is
 * exactly `--boundary` or `--boundary--`, plus trailing white space, of any multipart that is open: an outer one ends
 * all parts within (RFC 2046 §5.1.2). The line end before a delimiter belongs to the delimiter (§5.1.1).
 */
export class StructureParser {
  readonly #limits: MessageLimits;
  readonly #frames: Frame[] = [];
  /** Delimiters looked for, and by which frame: the innermost, should several look for the same. */
  readonly #delimiters = new Map<string, number>();
  readonly #samples: BodySample[] = [];
  readonly #sampled = new Set<string>();
  /** The header block being read; undefined while in a body. */
  #header: Capture | undefined;
  #rootHeader: Buffer = Buffer.alloc(0);
  #root: Part | undefined;
  #partHeaderRoom: number;
  #parts = 0;

  #chunk: Buffer = Buffer.alloc(0);
  #chunkStart = 0;
  /** The beginning of a line whose end is in a later chunk; of a long line, as much as a delimiter may have. */
  #partial: Buffer = Buffer.alloc(0);
  #lineStart = 0;
  #lines = 0;
  /** Bytes of the line end before the current line. */
  #lastLineEndBytes = 0;
  #lastByte = 0;

  constructor(limits: MessageLimits = messageLimits) {
    this.#limits = limits;
    this.#partHeaderRoom = limits.maxPartHeaderBytes;
    this.#openPart(0, false);
  }

  /** Takes the next bytes of the message; they may be reused afterwards. */
  feed(bytes: Uint8Array): void {
    const chunk = asBuffer(bytes);
    const chunkStart = this.#chunkStart;
    this.#chunk = chunk;
    let at = 0;
    while (at < chunk.length) {
      const end = lineFeed(chunk, at) + 1;
      if (end === 0) break;
      if (chunkStart + at === this.#lineStart) this.#line(chunk, at, end, end - at);
      else this.#endPartial(chunk, end);
      at = end;
    }
    this.#keep(chunkStart + chunk.length);
    this.#holdPartial(chunk, at);
    this.#chunkStart += chunk.length;
    this.#lastByte = chunk[chunk.length - 1] ?? this.#lastByte;
    this.#chunk = Buffer.alloc(0);
  }

  /** Ends the message; the parser cannot be fed again. */
  finish(): Structure {
    const sizeBytes = this.#chunkStart;
    if (this.#lineStart < sizeBytes) this.#delimiterLine(this.#partial, 0, this.#partial.length, sizeBytes);
    while (this.#header !== undefined) this.#endHeader(sizeBytes);
    this.#closeFrames(0, sizeBytes, this.#lines);
    if (this.#root === undefined) throw new Error('the outermost part was closed without a result');
    return { root: this.#root, sizeBytes, header: this.#rootHeader, samples: this.#samples };
  }

  /** Keeps the beginning of the line that goes on in the next chunk. */
  #holdPartial(chunk: Buffer, at: number): void {
    const isNew = this.#chunkStart + at === this.#lineStart;
    const room = isNew ? maxDelimiterLineBytes + 2 : maxDelimiterLineBytes + 2 - this.#partial.length;
    if (at >= chunk.length) {
      if (isNew) this.#partial = Buffer.alloc(0);
      return;
    }
    const more = chunk.subarray(at, at + Math.max(0, room));
    if (isNew || more.length > 0) this.#partial = Buffer.concat(isNew ? [more] : [this.#partial, more]);
  }

  /** A line that began in an earlier chunk and ends here. */
  #endPartial(chunk: Buffer, end: number): void {
    const length = this.#chunkStart + end - this.#lineStart;
    const whole = length <= maxDelimiterLineBytes + 2;
    if (whole) {
      const line = Buffer.concat([this.#partial, chunk.subarray(0, end)]);
      this.#line(line, 0, line.length, length);
    } else {
      const beforeLf = end > 1 ? chunk[end - 2] : this.#lastByte;
      this.#endLine(this.#chunkStart + end, beforeLf === cr ? 2 : 1);
    }
  }

  /** One line, its LF included. */
  #line(bytes: Buffer, from: number, to: number, length: number): void {
    const lineEndBytes = to - from > 1 && bytes[to - 2] === cr ? 2 : 1;
    const next = this.#lineStart + length;
    if (length === lineEndBytes && this.#header !== undefined) {
      this.#endLine(next, lineEndBytes);
      this.#endHeader(next);
      return;
    }
    if (!this.#delimiterLine(bytes, from, to - lineEndBytes, next, lineEndBytes)) this.#endLine(next, lineEndBytes);
  }

  #endLine(next: number, lineEndBytes: number): void {
    this.#lines++;
    this.#lastLineEndBytes = lineEndBytes;
    this.#lineStart = next;
  }

  /** Acts on the line if it is a delimiter, and says whether it was. */
  #delimiterLine(bytes: Buffer, from: number, to: number, next: number, lineEndBytes = 0): boolean {
    if (this.#delimiters.size === 0 || bytes[from] !== dash || bytes[from + 1] !== dash) return false;
    if (to - from > maxDelimiterLineBytes) return false;
    const text = bytes.toString('latin1', from + 2, to).trimEnd();
    const opens = this.#delimiters.get(text) ?? -1;
    const closes = text.endsWith('--') ? (this.#delimiters.get(text.slice(0, -2)) ?? -1) : -1;
    if (opens < 0 && closes < 0) return false;
    // `--a--` may open a part of an outer "a--" and close an inner "a": the innermost multipart is meant.
    const index = Math.max(opens, closes);
    while (this.#header !== undefined) this.#endHeader(this.#lineStart);
    this.#closeFrames(index + 1, this.#lineStart, this.#lines, this.#lastLineEndBytes);
    if (lineEndBytes > 0) this.#endLine(next, lineEndBytes);
    if (closes > opens) this.#stopDelimiting(index);
    else if (this.#parts < this.#limits.maxParts) {
      this.#openPart(next, this.#frames[index]?.content.subtype === 'digest');
    }
    return true;
  }

  #openPart(headerStart: number, inDigest: boolean): void {
    const isRoot = this.#parts === 0;
    const { maxHeaderBytes } = this.#limits;
    this.#header = new Capture(headerStart, isRoot ? maxHeaderBytes : Math.min(maxHeaderBytes, this.#partHeaderRoom));
    this.#parts++;
    this.#frames.push({
      headerStart,
      inDigest,
      children: [],
      content: unread,
      bodyStart: headerStart,
      linesBefore: this.#lines,
      boundary: undefined,
      hidden: undefined,
      sample: undefined,
      envelope: undefined,
      body: undefined,
    });
  }

  /** The header of the innermost part ends before offset `bodyStart`. */
  #endHeader(bodyStart: number): void {
    const index = this.#frames.length - 1;
    const frame = this.#frames[index];
    if (frame === undefined || this.#header === undefined) return;
    this.#header.take(this.#chunk, this.#chunkStart, bodyStart);
    const block = this.#header.bytes();
    this.#header = undefined;
    if (index === 0) this.#rootHeader = block;
    else this.#partHeaderRoom -= block.length;
    const outer = this.#frames[index - 1];
    if (outer !== undefined && isMessage(outer.content)) outer.envelope = readEnvelope(block);
    frame.content = this.#openable(readContent(block, frame.inDigest));
    frame.bodyStart = bodyStart;
    frame.linesBefore = this.#lines;
    if (isMessage(frame.content)) this.#openPart(bodyStart, false);
    else if (frame.content.boundary !== undefined) this.#startDelimiting(frame, index, frame.content.boundary);
    else this.#startSample(frame);
  }

  /** The content as we shall treat it: a multipart or message that we cannot or will not look into is a leaf. */
  #openable(content: Content): Content {
    const tooDeep = this.#frames.length >= this.#limits.maxDepth;
    if (content.type === 'multipart') {
      if (content.boundary === undefined) return asLeaf(content, 'plain');
      return tooDeep ? asLeaf(content, 'octet-stream') : content;
    }
    const tooMany = this.#parts >= this.#limits.maxParts;
    return isMessage(content) && (tooDeep || tooMany) ? asLeaf(content, 'octet-stream') : content;
  }

  #startDelimiting(frame: Frame, index: number, boundary: string): void {
    frame.boundary = boundary;
    frame.hidden = this.#delimiters.get(boundary);
    this.#delimiters.set(boundary, index);
  }

  #stopDelimiting(index: number): void {
    const frame = this.#frames[index];
    if (frame?.boundary === undefined) return;
    if (frame.hidden === undefined) this.#delimiters.delete(frame.boundary);
    else this.#delimiters.set(frame.boundary, frame.hidden);
    frame.boundary = undefined;
  }

  #startSample(frame: Frame): void {
    const { type, subtype, disposition } = frame.content;
    if (type !== 'text' || (subtype !== 'plain' && subtype !== 'html')) return;
    if (disposition?.type === 'attachment' || this.#sampled.has(subtype)) return;
    if (this.#frames.some((outer) => isMessage(outer.content))) return;
    this.#sampled.add(subtype);
    frame.sample = new Capture(frame.bodyStart, this.#limits.maxSampleBytes);
  }

  /** Takes from the chunk at hand what is to be kept of the bytes before offset `end`. */
  #keep(end: number): void {
    this.#header?.take(this.#chunk, this.#chunkStart, end);
    this.#frames.at(-1)?.sample?.take(this.#chunk, this.#chunkStart, end);
  }

  /** Ends all frames from `index` inwards at offset `end`, less the line end there if it belongs to a delimiter. */
  #closeFrames(index: number, end: number, lines: number, lineEndBytes = 0): void {
    this.#keep(end);
    for (let frame = this.#frames.at(-1); frame !== undefined && this.#frames.length > index; ) {
      const ownsLineEnd = lineEndBytes > 0 && end - lineEndBytes >= frame.bodyStart;
      const bodyEnd = ownsLineEnd ? end - lineEndBytes : end;
      const part = toPart(frame, bodyEnd, lines - frame.linesBefore - (ownsLineEnd ? 1 : 0));
      if (frame.sample !== undefined) {
        const bytes = frame.sample.bytes().subarray(0, bodyEnd - frame.bodyStart);
        this.#samples.push({ part, bytes });
      }
      this.#stopDelimiting(this.#frames.length - 1);
      this.#frames.pop();
      frame = this.#frames.at(-1);
      if (frame === undefined) this.#root = part;
      else if (isMessage(frame.content)) frame.body = part;
      else frame.children.push(part);
    }
  }
}

/** What a part is before its header was read; never seen outside. */
const unread: Content = readContent(new Uint8Array(0), false);

function toPart(frame: Frame, bodyEnd: number, lines: number): Part {
  const { envelope, body, children } = frame;
  // RFC 2046 §5.1.1: a multipart has one part at least; one without any is shown as the text it then is.
  const empty = frame.content.type === 'multipart' && children.length === 0;
  const { boundary: _, ...content } = empty ? asLeaf(frame.content, 'plain') : frame.content;
  return {
    headerStart: frame.headerStart,
    bodyStart: frame.bodyStart,
    bodyEnd,
    lines,
    ...content,
    children,
    message: envelope === undefined || body === undefined ? undefined : { envelope, body },
  };
}

/** RFC 2046 §5.2.1, RFC 6532 §3.7. */
function isMessage(content: Content): boolean {
  return content.type === 'message' && (content.subtype === 'rfc822' || content.subtype === 'global');
}

/** Like indexOf(LF), without the price of a native call for short lines. */
function lineFeed(bytes: Buffer, from: number): number {
  const near = Math.min(bytes.length, from + 32);
  for (let i = from; i < near; i++) if (bytes[i] === lf) return i;
  return near === bytes.length ? -1 : bytes.indexOf(lf, near);
}
