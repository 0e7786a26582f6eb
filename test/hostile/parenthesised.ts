/** Checks that a text is one list of atoms, numbers, strings and lists as IMAP writes them, however deep; throws if not. */
export function parenthesised(text: string): void {
  // No recursion: the lists may be deeper than the stack.
  const token = /\(|\)| |"(?:[^"\\\r\n]|\\["\\])*"|~?\{\d+\}|[^\s()"{}\\]+|\\[A-Za-z]+/y;
  let depth = 0;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const found = token.exec(text)?.[0];
    if (found === undefined) throw new Error(`cannot be read at ${at}: ${JSON.stringify(text.slice(at, at + 80))}`);
    if (found === '(') depth++;
    if (found === ')') depth--;
    if (depth < 0 || (depth === 0 && token.lastIndex < text.length)) throw new Error(`unbalanced at ${at}`);
  }
  if (depth !== 0) throw new Error(`${depth} lists are open at the end`);
}
