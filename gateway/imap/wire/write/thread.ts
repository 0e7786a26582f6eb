/** Threads as places that point at each other: the first below a place, and the next beside it; -1 is none. */
interface Threads {
  readonly first: number;
  readonly child: Int32Array;
  readonly next: Int32Array;
  /** 0 where a message is missing. */
  readonly uids: Uint32Array;
}

/** Text is handed on in pieces of about this many characters. */
const PIECE_CHARS = 32 * 1024;

/** In the place of a place: what was opened is closed. */
const CLOSE = -1;

/**
 *     thread-data    = "THREAD" [SP 1*thread-list]        ; RFC 5256 §5
 *     thread-list    = "(" (thread-members / thread-nested) ")"
 *     thread-members = nz-number *(SP nz-number) [SP thread-nested]
 *     thread-nested  = 2*thread-list
 *
 * In pieces, and without recursion: how deep a thread goes is its senders' choice.
 */
export function* threaded({ first, child, next, uids }: Threads, numberOf: (uid: number) => number): Generator<string> {
  let text = first < 0 ? '* THREAD' : '* THREAD ';
  const todo: number[] = first < 0 ? [] : [first];
  for (let place = todo.pop(); place !== undefined; place = todo.pop()) {
    if (place === CLOSE) text += ')';
    else {
      const beside = next[place] as number;
      if (beside >= 0) todo.push(beside);
      todo.push(CLOSE);
      let uid = uids[place] as number;
      text += uid === 0 ? '(' : `(${numberOf(uid)}`;
      let below = child[place] as number;
      while (below >= 0 && (next[below] as number) < 0) {
        uid = uids[below] as number;
        if (uid !== 0) text += ` ${numberOf(uid)}`;
        below = child[below] as number;
      }
      if (below >= 0) {
        if (uid !== 0) text += ' ';
        todo.push(below);
      }
    }
    if (text.length < PIECE_CHARS) continue;
    yield text;
    text = '';
  }
  yield `${text}\r\n`;
}
