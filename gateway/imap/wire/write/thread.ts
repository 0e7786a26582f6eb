/** A place in a thread; without `uid` the message is missing. */
interface Node {
  readonly uid: number | undefined;
  readonly children: readonly Node[];
}

/** Text is handed on in pieces of about this many characters. */
const PIECE_CHARS = 32 * 1024;

/**
 *     thread-data    = "THREAD" [SP 1*thread-list]        ; RFC 5256 §5
 *     thread-list    = "(" (thread-members / thread-nested) ")"
 *     thread-members = nz-number *(SP nz-number) [SP thread-nested]
 *     thread-nested  = 2*thread-list
 *
 * In pieces, and without recursion: how deep a thread goes is its senders' choice.
 */
export function* threaded(threads: readonly Node[], numberOf: (uid: number) => number): Generator<string> {
  let text = `* THREAD${threads.length > 0 ? ' ' : ''}`;
  const todo: (Node | ')')[] = [...threads].reverse();
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (next === ')') text += ')';
    else {
      todo.push(')');
      text += '(';
      let node = next;
      if (node.uid !== undefined) text += numberOf(node.uid);
      for (
        let [only, ...more] = node.children;
        only !== undefined && more.length === 0;
        [only, ...more] = node.children
      ) {
        text += only.uid === undefined ? '' : ` ${numberOf(only.uid)}`;
        node = only;
      }
      if (node.children.length > 0 && node.uid !== undefined) text += ' ';
      for (let i = node.children.length - 1; i >= 0; i--) todo.push(node.children[i] as Node);
    }
    if (text.length < PIECE_CHARS) continue;
    yield text;
    text = '';
  }
  yield `${text}\r\n`;
}
