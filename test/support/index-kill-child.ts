// Writes as commits do, until it is killed: a piece, then the ref that names it, then who won that revision. Says `LOST ...`
// when an acknowledged write is not there, and now and then how many were acknowledged.
import { openSqliteIndex } from '../../lib/embedded/index-sqlite.ts';
import type { Item } from '../../lib/store/ports.ts';

const [path = '', id = ''] = process.argv.slice(2);
const index = await openSqliteIndex(path);
const bytes = (text: string): Buffer => Buffer.from(text);
let count = 0;
let acknowledged = 0;

function lost(what: string): never {
  console.log(`LOST ${what}`);
  process.exit(3);
}

function written(): void {
  if (acknowledged++ % 20 === 0) console.log(`${acknowledged} written`);
}

const revOf = (item: Item | undefined): number => (typeof item?.r === 'number' ? item.r : 0);

async function refs(name: string): Promise<void> {
  const key = { pk: bytes('ref'), sk: bytes(name) };
  let seen = 0;
  for (;;) {
    const now = await index.get(key);
    const rev = revOf(now);
    if (rev < seen) lost(`${name} ${seen}: now ${rev}`);
    if (now?.p instanceof Uint8Array) {
      const named = { pk: bytes('piece'), sk: Buffer.from(now.p) };
      if ((await index.get(named)) === undefined) lost(`piece ${named.sk} of ${name} ${rev}`);
    }
    const piece = bytes(`${name}-${rev + 1}-${id}-${count++}`);
    await index.put({ pk: bytes('piece'), sk: piece }, { b: Buffer.alloc(100 + (count % 5) * 900) });
    const next = { r: rev + 1, p: piece, h: Buffer.alloc(700) };
    const put = await index.put(key, next, rev === 0 ? 'absent' : { rev });
    if (!put.ok && revOf(put.current) === rev) lost(`${name}: refused at ${rev}, which it has`);
    if (!put.ok) continue;
    seen = rev + 1;
    written();
    const won = { pk: bytes(`won-${name}`), sk: bytes(String(rev + 1)) };
    if (!(await index.put(won, { b: piece }, 'absent')).ok) lost(`${name} ${rev + 1}: two writers won it`);
  }
}

async function own(): Promise<void> {
  const key = { pk: bytes('own'), sk: bytes(id) };
  await index.put(key, { r: 1 });
  written();
  for (let rev = 1; ; rev++) {
    const result = await index.put(key, { r: rev + 1, h: Buffer.alloc(500) }, { rev });
    if (!result.ok) lost(`own write ${rev} of ${id}: now ${result.current?.r}`);
    written();
  }
}

async function sums(): Promise<void> {
  const key = { pk: bytes('sum'), sk: bytes(id) };
  for (let sum = 1; ; sum++) {
    const { n } = await index.add(key, { n: 1 });
    if (n !== sum) lost(`sum of ${id}: ${n}, not ${sum}`);
    written();
  }
}

await Promise.all([own(), sums(), refs('a'), refs('a'), refs('b'), refs('c')]);
