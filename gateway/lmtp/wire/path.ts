/** The client's words cannot be understood; the reply is the client's answer. */
export class BadArgument extends Error {
  override readonly name = 'BadArgument';
  readonly reply: string;

  constructor(reply: string) {
    super(reply);
    this.reply = reply;
  }
}

/** What MAIL FROM: and RCPT TO: are given. */
export interface PathArgument {
  /** Without angle brackets and source route; '' for `<>`. */
  readonly address: string;
  /** Keywords in capitals; undefined for those without a value. */
  readonly parameters: ReadonlyMap<string, string | undefined>;
}

// Runs of dots are no Dot-string, but exist (Quirk: addresses of Japanese mobile phones).
const atom = String.raw`[A-Za-z0-9!#$%&'*+\-/=?^_\x60{|}~.\u00a0-\u{10ffff}]+`;
const quoted = String.raw`"(?:[ !#-\[\]-~\u00a0-\u{10ffff}]|\\[ -~])*"`;
const label = String.raw`[A-Za-z0-9_\u00a0-\u{10ffff}](?:[A-Za-z0-9_\-\u00a0-\u{10ffff}]*[A-Za-z0-9_\u00a0-\u{10ffff}])?`;
const domain = String.raw`(?:${label}(?:\.${label})*\.?|\[[!-Z^-~]+\])`;
const path = new RegExp(`^<(?:(?:@${domain}(?:,@${domain})*:)?((?:${atom}|${quoted})(?:@${domain})?))?>`, 'u');
const parameter = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\u00a0-\u{10ffff}]+))?$/u;

/**
 * Reads what follows the verb: `FROM:<path> parameters` or `TO:<path> parameters`. Throws {@link BadArgument}.
 *
 * ```abnf
 * mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF     ; RFC 5321 §4.1.1.2
 * rcpt = "RCPT TO:" Forward-path [SP Rcpt-parameters] CRLF       ; §4.1.1.3
 * Path = "<" [ A-d-l ":" ] Mailbox ">"                           ; §4.1.2
 * ```
 *
 * The source route is dropped (§4.1.1.3). A mailbox needs no domain: `<geeko>` is how local mail is delivered.
 */
export function parsePathArgument(keyword: 'FROM:' | 'TO:', argument: string, maxPathBytes: number): PathArgument {
  if (argument.slice(0, keyword.length).toUpperCase() !== keyword) {
    throw new BadArgument(`501 5.5.4 Syntax: ${keyword === 'FROM:' ? 'MAIL FROM' : 'RCPT TO'}:<address>`);
  }
  // Quirk: a space after the colon, as many scripts send it.
  const rest = argument.slice(keyword.length).trimStart();
  const match = path.exec(rest);
  const bad = keyword === 'FROM:' ? '501 5.1.7 Bad sender address syntax' : '501 5.1.3 Bad recipient address syntax';
  if (match === null || Buffer.byteLength(match[0]) > maxPathBytes) throw new BadArgument(bad);
  const after = rest.slice(match[0].length);
  if (after !== '' && !after.startsWith(' ')) throw new BadArgument(bad);
  return { address: match[1] ?? '', parameters: parseParameters(after) };
}

function parseParameters(text: string): ReadonlyMap<string, string | undefined> {
  const parameters = new Map<string, string | undefined>();
  for (const word of text.split(' ')) {
    if (word === '') continue;
    const [, keyword = '', value] = parameter.exec(word) ?? [];
    const name = keyword.toUpperCase();
    if (name === '' || parameters.has(name)) throw new BadArgument('501 5.5.4 Bad parameters');
    parameters.set(name, value);
  }
  return parameters;
}
