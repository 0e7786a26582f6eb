const tokens = /\\[\s\S]|\[\^?\]?(?:\[[:=.][^\]]*\]|\\[\s\S]|[^\]\\])*\]|\{([0-9]+)(?:,([0-9]*))?\}|[\s\S]/g;

/** How large an expression is when its counted repetitions are written out, about: `(ab){3}` is 9, with its group. */
export function regexSize(pattern: string): number {
  const open: number[] = [0];
  let last = 0;
  const grow = (by: number): void => {
    open[open.length - 1] = (open.at(-1) ?? 0) + by;
  };
  for (const [token, least, most] of pattern.matchAll(tokens)) {
    if (least !== undefined) {
      const count = Math.max(Number(least), Number(most ?? 0), 1);
      grow(last * (count - 1));
      last *= count;
    } else if (token === '(') open.push(1);
    else if (token === ')' && open.length > 1) {
      last = open.pop() ?? 0;
      grow(last);
    } else {
      grow(1);
      if (!'*+?|^$'.includes(token)) last = 1;
    }
  }
  return open.reduce((sum, size) => sum + size, 0);
}
