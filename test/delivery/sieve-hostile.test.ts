import { describe, expect, it } from 'vitest';
import { Places } from '../../lib/delivery/places.ts';
import { Recipients } from '../../lib/delivery/recipients.ts';
import { runAnswering } from '../../lib/delivery/sieve-answers.ts';
import { SieveScripts } from '../../lib/delivery/sieve-scripts.ts';
import { parseStructure } from '../../lib/message/structure.ts';
import { compileScript } from '../../lib/sieve/check.ts';
import { evaluate } from '../../lib/sieve/evaluate.ts';
import { problemText } from '../../lib/sieve/problem.ts';
import { putScript } from '../../lib/store/scripts.ts';
import { message, openSieveHome, type SieveHome } from './sieve-support.ts';

const KEPT = ['INBOX: Hi [$SieveFailed]'];

/** Scripts that are stopped by a limit; each makes what it takes of a message of this kind. */
const hostile: readonly (readonly [what: string, script: string])[] = [
  ['100,000 redirections', Array.from({ length: 20_000 }, (_, i) => `redirect "a${i}@example.net";`).join('\n')],
  [
    '10 MB of variables',
    `require "variables"; set "a" "${'x'.repeat(16_000)}";\n` +
      Array.from({ length: 1000 }, (_, i) => `set "v${i}" "\${a}\${a}\${a}\${a}";`).join('\n'),
  ],
  [
    'a string that doubles',
    'require ["variables","fileinto"]; set "a" "x";\n' +
      repeated('set "a" "$A$A";\n', 60) +
      repeated('if header :contains "subject" "$A$A$A$A$A$A$A$A" { stop; }\n', 4000) +
      'fileinto "Lists";',
  ],
  [
    'patterns that backtrack',
    `require ["regex","fileinto"];\n${'if header :regex "x-long" "^(a+)+b$" { stop; }\n'.repeat(3000)}fileinto "Lists";`,
  ],
];

describe('hostile scripts', () => {
  it.each(hostile)('%s: stopped, and the mail is kept', async (_what, script) => {
    await using home = await openSieveHome({ relay: true });
    await home.script(script);
    expect(await home.send(message('Hi', `X-Long: ${'a'.repeat(5000)}\n`))).toEqual(['250 2.1.5 Ok']);
    expect(await home.mail()).toEqual(KEPT);
    expect(home.failures).toHaveLength(1);
    expect(home.outgoing).toEqual([]);
  });

  it('scripts that include each other without end', async () => {
    await using home = await openSieveHome();
    await include(home, 'other', 'require "include"; include "main";');
    await home.script('require "include"; include "other";');
    await home.send(message('Hi'));
    expect(await home.mail()).toEqual(KEPT);
  });

  it('a script that is not there, or is none, is a failure of the one that includes it', async () => {
    await using home = await openSieveHome();
    await home.script('require "include"; include "nowhere";');
    await home.send(message('Hi'));
    await include(home, 'broken', 'nonsense;');
    await home.script('require "include"; include "broken";');
    await home.send(message('Ho'));
    expect(await home.mail()).toEqual([...KEPT, 'INBOX: Ho [$SieveFailed]']);
  });

  it('lets others run while a long script goes on', async () => {
    await using home = await openSieveHome();
    const source = 'if header :contains "x-long" "aab" { stop; }\n'.repeat(5000);
    const compiled = compileScript(source);
    if ('problems' in compiled) throw new Error(problemText(compiled.problems));
    const bytes = Buffer.from(`X-Long: ${'a'.repeat(2000)}\r\n\r\n`);
    const { root, header, sizeBytes } = parseStructure(bytes);
    const items = new Map<string, string>();
    const environment = { envelope: { from: '', to: '' }, nowMs: 0, zoneMinutes: 0, detailSeparator: '+', items };
    const begin = () => evaluate(compiled.script, { root, header, sizeBytes }, environment);
    let pauses = 0;
    const plain = begin();
    for (let step = plain.next(); step.done !== true; step = plain.next(undefined)) {
      expect(step.value.kind).toBe('pause');
      pauses++;
    }
    expect(pauses).toBeGreaterThan(5);
    // Counted from one turn of the event loop to the next: others have had their turns.
    const state = await new Recipients(home.store).find(['anna']);
    if (state === undefined) throw new Error('anna is there');
    let turns = 0;
    let goesOn = true;
    const others = (async () => {
      for (; goesOn; turns++) await new Promise(setImmediate);
    })();
    await runAnswering(begin(), {
      store: home.store,
      scripts: new SieveScripts(home.store),
      state,
      places: new Places(home.store, state),
      deliveryId: Buffer.alloc(32),
      content: () => Promise.reject(new Error('nobody asks for it')),
    });
    goesOn = false;
    await others;
    expect(turns).toBeGreaterThanOrEqual(pauses);
  });

  it('shares compiled scripts of one text, and forgets the least used', async () => {
    await using home = await openSieveHome();
    for (const user of ['anna', 'bert']) await home.script('keep;', user);
    const cache = new SieveScripts(home.store, { scripts: 2 });
    const at = async (user: string, name: string) => {
      const { tree } = await home.account(user);
      const script = (await tree.refresh()).view.state.scripts.get(name);
      if (script === undefined) throw new Error(name);
      return cache.at(tree.id, script.piece);
    };
    expect(await at('anna', 'main')).toBe(await at('bert', 'main'));
    expect(cache.size).toBe(1);
    const first = await at('anna', 'main');
    for (let i = 0; i < 6; i++) {
      await include(home, `s${i}`, `keep; # ${i}`);
      await at('anna', `s${i}`);
    }
    expect(cache.size).toBeLessThanOrEqual(2);
    expect(await at('anna', 'main')).not.toBe(first);
  });
});

/** The line so many times; `$A` is the variable `a`. */
function repeated(line: string, times: number): string {
  return line.replaceAll('$A', '$' + '{a}').repeat(times);
}

async function include(home: SieveHome, name: string, source: string): Promise<void> {
  await putScript(await home.account(), name, Buffer.from(source), { scripts: 100, scriptBytes: 2 ** 20 });
}
