/** Long work that stops now and then, so that others may run; it yields where it can wait. */
export type Sliced<T> = Generator<undefined, T, undefined>;

/** How long work goes on before others are asked. */
const SLICE_MS = 5;

/** Does the work; `breathe` is called between its slices and may throw to end it. */
export async function inSlices<T>(work: Sliced<T>, breathe: () => Promise<void>): Promise<T> {
  let turnAt = performance.now();
  for (let step = work.next(); ; step = work.next()) {
    if (step.done) return step.value;
    if (performance.now() - turnAt < SLICE_MS) continue;
    await breathe();
    turnAt = performance.now();
  }
}

/** Does the work without a pause. */
export function atOnce<T>(work: Sliced<T>): T {
  let step = work.next();
  while (!step.done) step = work.next();
  return step.value;
}

/** Items that are put in order without a pause. */
const RUN = 1024;

/** The items in order; those that compare as equal stay as they are. */
export function* sorted<T>(items: readonly T[], compare: (a: T, b: T) => number): Sliced<T[]> {
  if (items.length <= RUN) return [...items].sort(compare);
  let runs: T[][] = [];
  for (let at = 0; at < items.length; at += RUN) {
    runs.push(items.slice(at, at + RUN).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const longer: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      const [left = [], right] = [runs[i], runs[i + 1]];
      longer.push(right === undefined ? left : yield* merged(left, right, compare));
    }
    runs = longer;
  }
  return runs[0] ?? [];
}

function* merged<T>(left: readonly T[], right: readonly T[], compare: (a: T, b: T) => number): Sliced<T[]> {
  const out: T[] = [];
  for (let [l, r] = [0, 0]; l < left.length || r < right.length; ) {
    const takesLeft = r >= right.length || (l < left.length && compare(left[l] as T, right[r] as T) <= 0);
    out.push((takesLeft ? left[l++] : right[r++]) as T);
    if (out.length % RUN === 0) yield;
  }
  return out;
}
