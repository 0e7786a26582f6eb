/**
 * An IMAP response without what servers may choose freely: texts for people, the order of items, the way a string is
 * quoted, and numbers that differ by nature (UIDVALIDITY, modification sequences, ids).
 */
export function plainResponse(line: string): string {
  const tagged = /^(\S+) (OK|NO|BAD|BYE|PREAUTH)(?: \[([^\]]*)\])?/.exec(line);
  if (tagged !== null) {
    const [, tag = '', status = '', code] = tagged;
    const shown = tag === '*' ? '*' : 'tag';
    return code === undefined ? `${shown} ${status}` : `${shown} ${status} [${plainCode(code)}]`;
  }
  if (line.startsWith('+')) return '+';
  return masked(write(sortedItems(read(line))));
}

/** POP3: the status, and what comes after it where a client reads that. */
export function plainPop3(line: string): string {
  const status = /^(\+OK|-ERR)(?: \[([A-Z/-]+)\])?/.exec(line);
  if (status === null) return line.replace(/^(\d+) (?=\S*\D)\S+$/, '$1 id');
  const [, word = '', code] = status;
  const numbers = /^\+OK (\d+) (\d+)$/.exec(line);
  return [word, ...(code === undefined ? [] : [`[${code}]`]), ...(numbers?.slice(1) ?? [])].join(' ');
}

/** In an order of their own but for EXPUNGE, whose numbers depend on those before. */
export function inOrder(lines: readonly string[]): readonly string[] {
  const place = (line: string): string => (/^\* \d+ EXPUNGE$/.test(line) ? '* EXPUNGE' : line);
  return lines.toSorted((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0));
}

type Value = string | readonly Value[];

function plainCode(code: string): string {
  // What is offered is compared by the command CAPABILITY alone.
  if (code.startsWith('CAPABILITY')) return 'CAPABILITY';
  return masked(write(sortedItems(read(code))));
}

/** Words, strings and lists; a string is written like a word, NIL is NIL. */
function read(text: string): readonly Value[] {
  const stack: Value[][] = [[]];
  const pattern =
    /~?\{(\d+)\}\r\n|"((?:[^"\\]|\\.)*)"|(\()|(\))|((?:[^\s()"[{~]|~(?!\{)|\[[^\]]*\]|\{(?!\d+\}\r\n))+)|\s+/gy;
  for (let at = 0; at < text.length; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) throw new Error(`not readable at ${at}: ${text}`);
    const [, literal, quoted, opens, closes, word] = match;
    const top = stack.at(-1);
    if (literal !== undefined) {
      const end = pattern.lastIndex + Number(literal);
      top?.push(`"${text.slice(pattern.lastIndex, end)}"`);
      pattern.lastIndex = end;
    } else if (quoted !== undefined) top?.push(`"${quoted.replace(/\\(.)/g, '$1')}"`);
    else if (word !== undefined) top?.push(word);
    else if (opens !== undefined) {
      const list: Value[] = [];
      top?.push(list);
      stack.push(list);
    } else if (closes !== undefined) stack.pop();
  }
  return stack[0] ?? [];
}

function write(values: readonly Value[]): string {
  return values.map((value) => (typeof value === 'string' ? value : `(${write(value)})`)).join(' ');
}

/** Pairs of name and value, flags and attributes are sets. */
function sortedItems(values: readonly Value[]): readonly Value[] {
  const [first, second, third] = values;
  if (first === '*' && third === 'FETCH') return withLast(values, sortedPairs);
  if (first === '*' && second === 'STATUS') return withLast(plainName(values, 2), sortedPairs);
  if (first === '*' && (second === 'LIST' || second === 'LSUB'))
    return plainName([first, second, sortedList(third ?? []), ...values.slice(3)], 4);
  if ((first === '*' && second === 'FLAGS') || first === 'PERMANENTFLAGS') return withLast(values, sortedList);
  if (first === '*' && second === 'ESEARCH') {
    const at = values.indexOf('UID') < 0 ? 3 : 4;
    const pairs = sortedPairs(values.slice(at));
    return [...values.slice(0, at), ...(typeof pairs === 'string' ? [] : pairs)];
  }
  if (first === '*' && second === 'METADATA')
    return plainName([first, second, third ?? '', sortedPairs(unquotedNames(values[3] ?? ''))], 2);
  if (first === '*' && (second === 'ACL' || second === 'MYRIGHTS' || second === 'LISTRIGHTS'))
    return plainName(withRights(values), 2);
  if (first === '*' && second === 'CAPABILITY') return ['*', 'CAPABILITY', ...values.slice(2).toSorted()];
  return values;
}

function plainName(values: readonly Value[], at: number): readonly Value[] {
  return values.map((value, i) => (i === at && typeof value === 'string' ? value.replace(/^"(.*)"$/s, '$1') : value));
}

function withLast(values: readonly Value[], change: (last: Value) => Value): readonly Value[] {
  return [...values.slice(0, -1), change(values.at(-1) ?? '')];
}

function sortedList(value: Value): Value {
  return typeof value === 'string' ? value : value.toSorted((a, b) => (String(a) < String(b) ? -1 : 1));
}

function sortedPairs(value: Value): Value {
  if (typeof value === 'string') return value;
  const pairs = pairsOf(value).map(([name = '', item = '']): readonly Value[] => {
    if (name === 'FLAGS') return [name, sortedList(item)];
    // Their words are the same in any case (RFC 9051 §7.5.2).
    if (name === 'BODY' || name === 'BODYSTRUCTURE') return [name, inCapitals(item)];
    if (name === 'SAVEDATE') return [name, 'date'];
    return [name, name === 'INTERNALDATE' && typeof item === 'string' ? instant(item) : item];
  });
  return pairs.flat();
}

/** By their names. */
function pairsOf(values: readonly Value[]): readonly (readonly Value[])[] {
  return Array.from({ length: Math.ceil(values.length / 2) }, (_, i) => values.slice(2 * i, 2 * i + 2)).toSorted(
    ([a], [b]) => (String(a) < String(b) ? -1 : 1),
  );
}

/** Of pairs: names are words, values stay as they are. */
function unquotedNames(value: Value): Value {
  return typeof value === 'string' ? value : value.flatMap((item, i) => (i % 2 === 0 ? plainName([item], 0) : [item]));
}

/** Letters of rights in their order; identifiers of an ACL in theirs. */
function withRights([star = '', name = '', mailbox = '', ...rest]: readonly Value[]): readonly Value[] {
  const ordered = (rights: Value): Value => [...String(rights)].toSorted().join('');
  if (name === 'MYRIGHTS') return [star, name, mailbox, ...rest.map(ordered)];
  const [identifier = '', always = '', ...others] = rest;
  if (name === 'LISTRIGHTS') return [star, name, mailbox, identifier, ordered(always), ...others.toSorted()];
  const pairs = rest.map((item, i) => (i % 2 === 0 ? item : ordered(item)));
  return [star, name, mailbox, ...pairsOf(pairs).flat()];
}

function inCapitals(value: Value): Value {
  return typeof value === 'string' ? value.toUpperCase() : value.map(inCapitals);
}

/** The same moment is written in any zone. */
function instant(date: string): string {
  return `"${new Date(
    date
      .replaceAll('"', '')
      .trim()
      .replaceAll('-', (_, at: number) => (at < 12 ? ' ' : '-')),
  ).toISOString()}"`;
}

function masked(text: string): string {
  return text
    .replace(/\b(UIDVALIDITY|HIGHESTMODSEQ|APPENDUID|COPYUID) \d+/g, '$1 n')
    .replace(/\bMODSEQ (\(\d+\)|\d+)/g, 'MODSEQ n')
    .replace(/BODY\[HEADER\.FIELDS[^\]]*\]/g, (section) => section.toUpperCase())
    .replace(/\b(MAILBOXID|EMAILID|THREADID) \([^)]*\)/g, '$1 (id)');
}
