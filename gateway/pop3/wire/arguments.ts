/** A command whose arguments cannot be understood; the text is for the client. */
export class BadArgument extends Error {
  override readonly name = 'BadArgument';
}

/** A verb and the rest of its line (RFC 1939 §3: at most 4 letters, save for later ones; case does not matter). */
export interface CommandLine {
  readonly verb: string;
  /** What follows the first space, as it is: a password may begin and end with spaces. */
  readonly rest: string;
}

export function parseLine(line: string): CommandLine {
  const space = line.indexOf(' ');
  const verb = space < 0 ? line : line.slice(0, space);
  return { verb: verb.toUpperCase(), rest: space < 0 ? '' : line.slice(space + 1) };
}

/** Arguments between spaces; fails unless there are as many as allowed. */
export function words(rest: string, min: number, max: number, syntax: string): readonly string[] {
  const found = rest.split(' ').filter((word) => word !== '');
  if (found.length < min || found.length > max) throw new BadArgument(`Syntax: ${syntax}`);
  return found;
}

/** A number of a message or of lines; 10 digits do for both. */
export function parseNumber(text: string | undefined, syntax: string): number {
  if (text === undefined || !/^\d{1,10}$/.test(text)) throw new BadArgument(`Syntax: ${syntax}`);
  return Number(text);
}
