// Writes as commits do, until it is killed: a piece, then the ref that names it, then who won that revision. Says `LOST ...`
// when an acknowledged write is not there.
import { openLmdbIndex } from '../../lib/embedded/index-lmdb.ts';

const [path = '', id = ''] = process.argv.slice(2);
const index = openLmdbIndex(path);
const bytes = (text: string): Buffer => Buffer.from(text);
let count = 0;

function lost(what: string): never {
  console.log(`LOST ${what}`);
  process.exit(3);
}

async function refs(name: string): Promise<void> {
  const key = { pk: bytes('ref'), sk: bytes(name) };
  for (;;) {
    const now = await index.get(key);
    const rev = typeof now?.r === 'number' ? now.r : 0;
    if (now?.p instanceof Uint8Array) {
      const named = { pk: bytes('piece'), sk: Buffer.from(now.p) };
      if ((await index.get(named)) === undefined) lost(`piece ${named.sk} of ${name} ${rev}`);
    }
    const piece = bytes(`${name}-${rev + 1}-${id}-${count++}`);
    await index.put({ pk: bytes('piece'), sk: piece }, { b: Buffer.alloc(100 + (count % 5) * 900) });
    const next = { r: rev + 1, p: piece, h: Buffer.alloc(700) };
    if (!(await index.put(key, next, rev === 0 ? 'absent' : { rev })).ok) continue;
    const won = { pk: bytes(`won-${name}`), sk: bytes(String(rev + 1)) };
    if (!(await index.put(won, { b: piece }, 'absent')).ok) lost(`${name} ${rev + 1}: two writers won it`);
  }
}

async function own(): Promise<void> {
  const key = { pk: bytes('own'), sk: bytes(id) };
  await index.put(key, { r: 1 });
  console.log('writing');
  for (let rev = 1; ; rev++) {
    const result = await index.put(key, { r: rev + 1, h: Buffer.alloc(500) }, { rev });
    if (!result.ok) lost(`own write ${rev} of ${id}: now ${result.current?.r}`);
  }
}

await Promise.all([own(), refs('a'), refs('a'), refs('b'), refs('c')]);
