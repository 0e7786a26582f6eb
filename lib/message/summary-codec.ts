import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { ByteReader, ByteWriter, FormatError } from '../base/bytes.ts';
import type { AddressEntry } from './address.ts';
import type { Envelope } from './envelope.ts';
import type { Params, Part } from './part.ts';
import type { Summary } from './summary.ts';

/**
 * Format 1: the format number, 0 (plain) or 1 (raw deflate with `dictionary`), then the fields in the order written
 * below. Another field, another order or another dictionary is another format number.
 */
const format = 1;
const plain = 0;
const deflated = 1;

/** What most summaries contain; the end is the cheapest to refer to. */
const dictionary = Buffer.from(
  [
    'applicationmessagerfc822imageaudiovideomultipart/report; report-typedelivery-statusoctet-streampdfzippngjpeggif',
    'vnd.openxmlformats-officedocument.wordprocessingml.document.spreadsheetml.sheetmswordcalendarmethodREQUEST',
    'attachmentfilename*inlinesizecreation-datemodification-dateContent-IDbinarypgp-signaturepkcs7-signaturesignedmicalg',
    'protocoldelspyesformat=flowediso-8859-1windows-1252us-asciireply-tonoreplyno-replyMAILER-DAEMONpostmastergoogle.com',
    "=?UTF-8?B?=?UTF-8?Q?=?iso-8859-1?Q?=?utf-8?q?=?utf-8?b?utf-8'en'Re: Fwd: AW: MailAppleyahoo.comhotmail.comoutlook.com",
    'gmail.com>.prod.outlook.comMon, Tue, Wed, Thu, Fri, Sat, Sun,  Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec 202',
    ' GMT +0000 (UTC) -0500 +0100 +0200<@mail.gmail.commultipartrelatedmixedalternativeboundary----=_Part_000_NextPart_',
    'base64quoted-printable8bit7bittexthtmlcharsetutf-8textplaincharsetUTF-8',
  ].join(''),
  'latin1',
);

/** More than any summary within the default limits; what inflates to more is not ours. */
const maxPlainBytes = 64 * 1024 * 1024;

/** More than any nesting the parser allows. */
const maxDepth = 1000;

/** Up to this size a summary stays as it is: it fits one write unit of 1 KB, and reading it back costs a tenth. */
const maxUndeflatedBytes = 900;

/** A summary as compact bytes. */
export function encodeSummary(summary: Summary): Buffer {
  const body = writeSummary(summary);
  if (body.length <= maxUndeflatedBytes) return Buffer.concat([Buffer.of(format, plain), body]);
  const small = deflateRawSync(body, { dictionary, level: 9 });
  const isSmaller = small.length < body.length;
  return Buffer.concat([Buffer.of(format, isSmaller ? deflated : plain), isSmaller ? small : body]);
}

/** The summary in these bytes, or undefined when they are of another format, or damaged. */
export function decodeSummary(bytes: Uint8Array): Summary | undefined {
  if (bytes[0] !== format) return undefined;
  const body = bytes.subarray(2);
  try {
    if (bytes[1] === plain) return readSummary(new ByteReader(body));
    if (bytes[1] !== deflated) return undefined;
    return readSummary(new ByteReader(inflateRawSync(body, { dictionary, maxOutputLength: maxPlainBytes })));
  } catch (error) {
    if (error instanceof FormatError || isZlibError(error)) return undefined;
    throw error;
  }
}

function isZlibError(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return String(error.code).startsWith('Z_') || error.code === 'ERR_BUFFER_TOO_LARGE';
}

function writeSummary(summary: Summary): Buffer {
  const out = new ByteWriter(1024);
  out.varint(summary.sizeBytes).varint(summary.headerBytes);
  const { sentDate } = summary;
  out.u8(sentDate === undefined ? 0 : 1);
  if (sentDate !== undefined) out.signed(sentDate.epochSeconds).signed(sentDate.offsetMinutes);
  writeEnvelope(out, summary.envelope);
  writePart(out, summary.structure, 0);
  writeList(out, summary.references, (id) => out.string(id));
  return out.string(summary.preview).finish();
}

function readSummary(input: ByteReader): Summary {
  const sizeBytes = input.varint();
  const headerBytes = input.varint();
  const sentDate = input.u8() === 0 ? undefined : { epochSeconds: input.signed(), offsetMinutes: input.signed() };
  const envelope = readEnvelope(input);
  const structure = readPart(input, 0, 0);
  const references = readList(input, () => input.string());
  return { envelope, structure, sizeBytes, headerBytes, preview: input.string(), references, sentDate };
}

function writeEnvelope(out: ByteWriter, envelope: Envelope): void {
  writeOptional(out, envelope.date);
  writeOptional(out, envelope.subject);
  writeOptional(out, envelope.inReplyTo);
  writeOptional(out, envelope.messageId);
  writeAddresses(out, envelope.from);
  // Sender and Reply-To are nearly always missing, and then are From itself.
  const sameSender = envelope.sender === envelope.from;
  const sameReplyTo = envelope.replyTo === envelope.from;
  out.u8((sameSender ? 1 : 0) | (sameReplyTo ? 2 : 0));
  if (!sameSender) writeAddresses(out, envelope.sender);
  if (!sameReplyTo) writeAddresses(out, envelope.replyTo);
  writeAddresses(out, envelope.to);
  writeAddresses(out, envelope.cc);
  writeAddresses(out, envelope.bcc);
}

function readEnvelope(input: ByteReader): Envelope {
  const date = readOptional(input);
  const subject = readOptional(input);
  const inReplyTo = readOptional(input);
  const messageId = readOptional(input);
  const from = readAddresses(input);
  const same = input.u8();
  const sender = (same & 1) === 0 ? readAddresses(input) : from;
  const replyTo = (same & 2) === 0 ? readAddresses(input) : from;
  const to = readAddresses(input);
  const cc = readAddresses(input);
  return { date, subject, from, sender, replyTo, to, cc, bcc: readAddresses(input), inReplyTo, messageId };
}

function writeAddresses(out: ByteWriter, entries: readonly AddressEntry[]): void {
  writeList(out, entries, (entry) => {
    if (entry.kind === 'group-end') out.u8(2);
    else if (entry.kind === 'group') out.u8(1).string(entry.name);
    else {
      out.u8(0);
      writeOptional(out, entry.name);
      writeOptional(out, entry.adl);
      out.string(entry.mailbox).string(entry.host);
    }
  });
}

function readAddresses(input: ByteReader): AddressEntry[] {
  return readList(input, (): AddressEntry => {
    const kind = input.u8();
    if (kind === 2) return { kind: 'group-end' };
    if (kind === 1) return { kind: 'group', name: input.string() };
    if (kind !== 0) throw new FormatError(`address of unknown kind ${kind}`);
    const name = readOptional(input);
    const adl = readOptional(input);
    return { kind: 'mailbox', name, adl, mailbox: input.string(), host: input.string() };
  });
}

/** Offsets are written as distances from `base`, the place where the part before ended. */
function writePart(out: ByteWriter, part: Part, base: number): void {
  out.varint(part.headerStart - base).varint(part.bodyStart - part.headerStart);
  out.varint(part.bodyEnd - part.bodyStart).varint(part.lines);
  out.string(part.type).string(part.subtype);
  writeParams(out, part.params);
  for (const text of [part.id, part.description, part.encoding, part.md5, part.location]) writeOptional(out, text);
  writeOptional(out, part.disposition?.type);
  if (part.disposition !== undefined) writeParams(out, part.disposition.params);
  writeList(out, part.language, (tag) => out.string(tag));
  let end = part.bodyStart;
  writeList(out, part.children, (child) => {
    writePart(out, child, end);
    end = child.bodyEnd;
  });
  out.u8(part.message === undefined ? 0 : 1);
  if (part.message === undefined) return;
  writeEnvelope(out, part.message.envelope);
  writePart(out, part.message.body, part.bodyStart);
}

function readPart(input: ByteReader, base: number, depth: number): Part {
  if (depth > maxDepth) throw new FormatError(`parts nested deeper than ${maxDepth}`);
  const headerStart = base + input.varint();
  const bodyStart = headerStart + input.varint();
  const bodyEnd = bodyStart + input.varint();
  const lines = input.varint();
  const type = input.string();
  const subtype = input.string();
  const params = readParams(input);
  const id = readOptional(input);
  const description = readOptional(input);
  const encoding = readOptional(input) ?? '7bit';
  const md5 = readOptional(input);
  const location = readOptional(input);
  const dispositionType = readOptional(input);
  const disposition = dispositionType === undefined ? undefined : { type: dispositionType, params: readParams(input) };
  const language = readList(input, () => input.string());
  let end = bodyStart;
  const children = readList(input, () => {
    const child = readPart(input, end, depth + 1);
    end = child.bodyEnd;
    return child;
  });
  const message =
    input.u8() === 0 ? undefined : { envelope: readEnvelope(input), body: readPart(input, bodyStart, depth + 1) };
  return {
    ...{ headerStart, bodyStart, bodyEnd, lines, type, subtype, params, id, description, encoding, md5 },
    ...{ disposition, language, location, children, message },
  };
}

function writeParams(out: ByteWriter, params: Params): void {
  writeList(out, params, ([name, value]) => out.string(name).string(value));
}

function readParams(input: ByteReader): Params {
  return readList(input, () => [input.string(), input.string()] as const);
}

function writeList<T>(out: ByteWriter, items: readonly T[], write: (item: T) => void): void {
  out.varint(items.length);
  for (const item of items) write(item);
}

function readList<T>(input: ByteReader, read: () => T): T[] {
  const items: T[] = [];
  for (let left = input.varint(); left > 0; left--) items.push(read());
  return items;
}

/** An empty text is 1 and nothing, a missing one is 0. */
function writeOptional(out: ByteWriter, text: string | undefined): void {
  if (text === undefined) out.varint(0);
  else out.varint(Buffer.byteLength(text) + 1).fixed(Buffer.from(text));
}

function readOptional(input: ByteReader): string | undefined {
  const length = input.varint();
  return length === 0 ? undefined : input.text(length - 1);
}
