import type { Hash } from 'node:crypto';

/** A message that is made while it is sent; each run of `chunks` gives the same octets. */
export interface HostileMessage {
  readonly name: string;
  readonly chunks: () => Iterable<Buffer>;
  /** Octets of the header block with its blank line, where the message has one that ends. */
  readonly headerBytes?: number;
  /** The first part: where its MIME header and its body are in the message. */
  readonly firstPart?: { readonly header: readonly [number, number]; readonly body: readonly [number, number] };
  /** What BINARY[1] is. */
  readonly decodedFirstPart?: () => Iterable<Buffer>;
}

const CRLF = '\r\n';
const TOP = 'From: Eve <eve@example.com>\r\nTo: geeko@example.com\r\nSubject: hostile\r\nMIME-Version: 1.0\r\n';

/** Repeats a text so many times, in chunks of about 64 KB; `each` may depend on the number. */
export function* repeated(count: number, each: (index: number) => string): Generator<Buffer> {
  let text = '';
  for (let i = 0; i < count; i++) {
    text += each(i);
    if (text.length < 64 * 1024) continue;
    yield Buffer.from(text, 'latin1');
    text = '';
  }
  if (text !== '') yield Buffer.from(text, 'latin1');
}

function* joined(...parts: readonly (string | Iterable<Buffer>)[]): Generator<Buffer> {
  for (const part of parts) {
    if (typeof part === 'string') yield Buffer.from(part, 'latin1');
    else yield* part;
  }
}

export function manyParts(parts: number): HostileMessage {
  const header = `${TOP}Content-Type: multipart/mixed; boundary=b${CRLF}${CRLF}`;
  const mime = `Content-Type: text/plain${CRLF}${CRLF}`;
  const body = 'part 0';
  const start = header.length + '--b\r\n'.length;
  return {
    name: `${parts} parts`,
    chunks: () =>
      joined(
        header,
        repeated(parts, (i) => `--b${CRLF}${mime}part ${i}${CRLF}`),
        `--b--${CRLF}`,
      ),
    headerBytes: header.length,
    firstPart: {
      header: [start, start + mime.length],
      body: [start + mime.length, start + mime.length + body.length],
    },
    decodedFirstPart: () => joined(body),
  };
}

/** Every multipart holds the next; each has a delimiter of its own. */
export function deepMultipart(depth: number): HostileMessage {
  const open = (i: number): string => `Content-Type: multipart/mixed; boundary="d${i}"${CRLF}${CRLF}--d${i}${CRLF}`;
  return {
    name: `${depth} multiparts, nested`,
    chunks: () =>
      joined(
        TOP,
        repeated(depth, open),
        `${CRLF}deep${CRLF}`,
        repeated(depth, (i) => `--d${depth - 1 - i}--${CRLF}`),
      ),
    headerBytes: TOP.length + open(0).length - '--d0\r\n'.length,
  };
}

/** Every multipart has the same boundary, so that each delimiter is that of them all. */
export function sameBoundary(depth: number): HostileMessage {
  const open = `Content-Type: multipart/mixed; boundary=same${CRLF}${CRLF}--same${CRLF}`;
  return {
    name: `${depth} multiparts with one boundary`,
    chunks: () =>
      joined(
        TOP,
        repeated(depth, () => open),
        repeated(depth, () => `--same--${CRLF}`),
      ),
    headerBytes: TOP.length + open.length - '--same\r\n'.length,
  };
}

export function deepMessages(depth: number): HostileMessage {
  const each = `Subject: inner${CRLF}Content-Type: message/rfc822${CRLF}${CRLF}`;
  return {
    name: `${depth} messages, nested`,
    chunks: () =>
      joined(
        repeated(depth, () => each),
        `Subject: innermost${CRLF}${CRLF}deep${CRLF}`,
      ),
    headerBytes: each.length,
  };
}

/** A base64 attachment of about `megabytes` MB on the wire. */
export function bigAttachment(megabytes: number): HostileMessage {
  const header = `${TOP}Content-Type: multipart/mixed; boundary=big${CRLF}${CRLF}`;
  const mime = `Content-Type: application/octet-stream${CRLF}Content-Transfer-Encoding: base64${CRLF}${CRLF}`;
  const raw = Buffer.alloc(57 * 1149, 'The quick brown fox jumps over the lazy dog; 0123456789 ');
  const lines = raw.toString('base64').replace(/.{76}/g, `$&${CRLF}`);
  const block = Buffer.from(lines, 'latin1');
  const blocks = Math.ceil((megabytes * 1_000_000) / block.length);
  function* times(bytes: Buffer): Generator<Buffer> {
    for (let i = 0; i < blocks; i++) yield bytes;
  }
  const start = header.length + '--big\r\n'.length;
  const bodyStart = start + mime.length;
  return {
    name: `an attachment of ${megabytes} MB`,
    chunks: () => joined(header, `--big${CRLF}`, mime, times(block), `${CRLF}--big--${CRLF}`),
    headerBytes: header.length,
    firstPart: { header: [start, bodyStart], body: [bodyStart, bodyStart + blocks * block.length] },
    decodedFirstPart: () => times(raw),
  };
}

export function oneLine(megabytes: number): HostileMessage {
  const header = `${TOP}${CRLF}`;
  const block = Buffer.alloc(1_000_000, 'x');
  function* body(): Generator<Buffer> {
    for (let i = 0; i < megabytes; i++) yield block;
  }
  return {
    name: `one line of ${megabytes} MB`,
    chunks: () => joined(header, body(), CRLF),
    headerBytes: header.length,
    firstPart: { header: [0, header.length], body: [header.length, header.length + megabytes * 1_000_000 + 2] },
    decodedFirstPart: () => joined(body(), CRLF),
  };
}

export function manyFields(fields: number): HostileMessage {
  const field = (i: number): string => `X-Field-${i}: ${i}${CRLF}`;
  let bytes = TOP.length + CRLF.length;
  for (let i = 0; i < fields; i++) bytes += field(i).length;
  return {
    name: `${fields} header fields`,
    chunks: () => joined(TOP, repeated(fields, field), CRLF, `body${CRLF}`),
    headerBytes: bytes,
  };
}

/** One field, folded into as many lines as it takes, and a list of addresses in it. */
export function bigHeader(megabytes: number): HostileMessage {
  const line = ` ${'someone@example.com, '.repeat(45)}${CRLF}`;
  const lines = Math.ceil((megabytes * 1_000_000) / line.length);
  return {
    name: `a header of ${megabytes} MB`,
    chunks: () =>
      joined(
        `Subject: big${CRLF}Cc:`,
        repeated(lines, () => line),
        CRLF,
        `body${CRLF}`,
      ),
    headerBytes: `Subject: big${CRLF}Cc:`.length + lines * line.length + CRLF.length,
  };
}

/** Header fields with as many parameters, addresses, comments, encoded words and references as fit. */
export function hugeLists(count: number): HostileMessage {
  const parts = [
    `Content-Type: text/plain${CRLF}`,
    repeated(count, (i) => ` ; p*${i}*="%41%zz${i}"${CRLF}`),
    `Subject:`,
    repeated(count, (i) => ` =?utf-8?Q?${i}=C3?=${CRLF}`),
    `References:`,
    repeated(count, (i) => ` <${i}@example.com>${CRLF}`),
    `To: ${'('.repeat(count)}${CRLF}`,
    `Cc: ${'group:'.repeat(count)}${CRLF}`,
    `Bcc: ${'"\\'.repeat(count)}${CRLF}`,
    `Date: ${'(('.repeat(count)}1 Jan${CRLF}`,
    `Content-Language: ${'x,'.repeat(count)}${CRLF}`,
    `Content-Disposition: ${'a;'.repeat(count)}=${'='.repeat(count)}${CRLF}`,
    `${CRLF}body${CRLF}`,
  ].map((part) => (typeof part === 'string' ? part : Buffer.concat([...part]).toString('latin1')));
  return { name: `lists of ${count}`, chunks: () => joined(...parts) };
}

/** Small messages that break what they can of RFC 5322 and 2045. */
export function brokenMessages(): HostileMessage[] {
  const multipart = (boundary: string): string =>
    `${TOP}Content-Type: multipart/mixed; boundary=${boundary}${CRLF}${CRLF}`;
  const texts: Readonly<Record<string, string>> = {
    'no header at all': 'just text',
    'only a line end': CRLF,
    'one octet': 'x',
    'a header without end': `${TOP}X: y`,
    'lone LF in header and body': 'Subject: a\nTo: b@c\n\nbody\nmore\n.\n..\n',
    'lone CR': 'Subject: a\rTo: b@c\r\r\nX: y\r\n\r\nbody\rmore\r\r\r\n\r.\r\r\n',
    'mixed line ends': 'A: b\n\rC: d\r\r\n\n\r\n\r\r\n\n.\r.\n.\r\n.',
    dots: `${TOP}${CRLF}.${CRLF}..${CRLF}...${CRLF}.x${CRLF}`,
    '8-bit garbage': `Subject: ${Buffer.from(Array.from({ length: 128 }, (_, i) => i + 128)).toString('latin1')}${CRLF}${CRLF}\xff\xfe\xfd`,
    'a boundary that never comes': `${multipart('never')}text${CRLF}--other${CRLF}text${CRLF}`,
    'a boundary that never ends': `${multipart('open')}--open${CRLF}${CRLF}a${CRLF}--open${CRLF}${CRLF}b`,
    'an empty boundary': `${multipart('""')}--${CRLF}${CRLF}a${CRLF}----${CRLF}`,
    'a boundary of 2000 octets': `${multipart('b'.repeat(2000))}--${'b'.repeat(2000)}${CRLF}${CRLF}a${CRLF}`,
    'a boundary that is another and --': `${multipart('"a--"')}--a--${CRLF}${CRLF}x${CRLF}--a----${CRLF}`,
    'only delimiters': `${multipart('b')}${`--b${CRLF}`.repeat(1000)}--b--${CRLF}`,
    'an unknown encoding': `${TOP}Content-Transfer-Encoding: x-none${CRLF}${CRLF}abc`,
    'broken base64': `${TOP}Content-Transfer-Encoding: base64${CRLF}${CRLF}====A=B*C\xff${CRLF}`,
    'broken quoted-printable': `${TOP}Content-Transfer-Encoding: quoted-printable${CRLF}${CRLF}=zz=\r=4`,
    'broken fields': `: no name${CRLF}no colon${CRLF} folded first${CRLF}:${CRLF}\x7f\x01: x${CRLF}From: ,;:<>@@[]()"${CRLF}Date: 99 Foo 99999 99:99:99 +9999${CRLF}Content-Type: /;=;"${CRLF}${CRLF}x`,
  };
  return Object.entries(texts).map(([name, text]) => ({ name, chunks: () => joined(text) }));
}

/** Messages with NUL, which IMAP takes in a literal8 only (RFC 9051 §9, RFC 3516 §4.4). */
export function withNul(): HostileMessage[] {
  return [
    { name: 'NULs', chunks: () => joined(`Sub\0ject: a\0b${CRLF}\0${CRLF}${CRLF}\0\0\0${CRLF}\0`) },
    { name: 'only NULs', chunks: () => joined('\0'.repeat(100_000)) },
  ];
}

/** Octets after each LF that has no CR before it got one. */
export function* withCrlf(chunks: Iterable<Buffer>): Generator<Buffer> {
  let last = '';
  for (const chunk of chunks) {
    if (chunk.includes('\n')) {
      const fixed = (last + chunk.toString('latin1')).replace(/(?<!\r)\n/g, '\r\n').slice(last.length);
      yield Buffer.from(fixed, 'latin1');
    } else yield chunk;
    last = chunk.length === 0 ? last : String.fromCharCode(chunk[chunk.length - 1] ?? 0);
    if (last === '\n') last = '\r\n';
  }
}

export function sizeOf(chunks: Iterable<Buffer>): number {
  let bytes = 0;
  for (const chunk of chunks) bytes += chunk.length;
  return bytes;
}

/** Puts the octets from `start` to before `end` into the hash. */
export function hashRange(hash: Hash, chunks: Iterable<Buffer>, start = 0, end = Number.POSITIVE_INFINITY): Hash {
  let at = 0;
  for (const chunk of chunks) {
    if (at >= end) break;
    const piece = chunk.subarray(Math.max(0, start - at), Math.max(0, end - at));
    if (piece.length > 0) hash.update(piece);
    at += chunk.length;
  }
  return hash;
}
