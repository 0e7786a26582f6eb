// Works on an embedded index in a process of its own: race | count | endless (until it is killed).
import { openSqliteIndex } from '../../lib/embedded/index-sqlite.ts';
import type { Key } from '../../lib/store/ports.ts';

const [path = '', what = '', name = '', times = '0'] = process.argv.slice(2);
const index = await openSqliteIndex(path);
const key = (sk: string): Key => ({ pk: Buffer.from('children'), sk: Buffer.from(sk) });

if (what === 'race') {
  for (let round = 0; round < Number(times); round++) {
    const put = await index.put(key(`race-${round}`), { r: 1, who: Buffer.from(name) }, 'absent');
    if (put.ok) console.log(`won ${round}`);
  }
} else if (what === 'count') {
  for (let i = 0; i < Number(times); i++) {
    await index.add(key('added'), { n: 1 });
    for (let rev = await revOf(); !(await index.put(key('set'), { r: rev + 1 }, { rev })).ok; ) rev = await revOf();
  }
} else {
  for (let i = 0; ; i++) {
    await index.put(key(`${name}-${i}`), { r: 1, v: Buffer.alloc(300, i) });
    console.log(i);
  }
}
await index.close();

async function revOf(): Promise<number> {
  return Number((await index.get(key('set')))?.r);
}
