import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, sourceFiles } from './source-files.ts';

const sources = sourceFiles('lib', 'gateway', 'bin');
const tests = sourceFiles('test').filter(({ path }) => !path.startsWith('test/house/'));

describe('the law is cited', () => {
  it('every RFC that the code names is answered for in docs/rfc.txt', () => {
    const known = new Set(
      [...readFileSync(join(root, 'docs/rfc.txt'), 'utf8').matchAll(/^(\d{3,4})\s/gm)].map((match) => match[1]),
    );
    const unknown = new Set<string>();
    for (const { path, text } of sources) {
      for (const [, number] of text.matchAll(/RFC (\d{3,4})/g)) {
        if (!known.has(number)) unknown.add(`RFC ${number} (${path})`);
      }
    }
    expect([...unknown]).toEqual([]);
  });

  it('docs/rfc.txt names each RFC once', () => {
    const named = [...readFileSync(join(root, 'docs/rfc.txt'), 'utf8').matchAll(/^(\d{3,5})\s/gm)].map(
      ([, n = '']) => n,
    );
    expect(named.filter((number, at) => named.indexOf(number) !== at)).toEqual([]);
  });

  /** Kept once there is SES ingestion (15), and restore (21: so far only its data is laid down). */
  const LATER: readonly number[] = [15, 21];
  const rulesIn = (text: string): number[] =>
    [...text.matchAll(/Rules? ((?:\d+(?:, | and | to )?)+)/g)].flatMap(([, list = '']) =>
      list.includes(' to ') ? range(list) : [...list.matchAll(/\d+/g)].map(([n]) => Number(n)),
    );

  it('every rule of the store is kept by some code and held by some test', () => {
    const inCode = new Set(sources.flatMap(({ text }) => rulesIn(text)));
    const inTests = new Set(tests.flatMap(({ text }) => rulesIn(text)));
    const missing: string[] = [];
    for (let rule = 1; rule <= 24; rule++) {
      if (LATER.includes(rule)) continue;
      if (!inCode.has(rule)) missing.push(`Rule ${rule} is cited by no code`);
      if (!inTests.has(rule)) missing.push(`Rule ${rule} is cited by no test`);
    }
    expect(missing).toEqual([]);
  });
});

describe('decisions', () => {
  const files = readdirSync(join(root, 'docs/adr')).sort();

  it('have numbers of their own, from 1 on, in name and title', () => {
    expect(files.map((file) => Number(file.slice(0, 4)))).toEqual(files.map((_, i) => i + 1));
    const titles = files.map((file) => readFileSync(join(root, 'docs/adr', file), 'utf8').split('\n')[0] ?? '');
    expect(titles.map((title) => Number(/^# (\d+)\. /.exec(title)?.[1]))).toEqual(files.map((_, i) => i + 1));
  });

  it('are there when something cites them', () => {
    const cited = [...sources, ...tests].flatMap(({ path, text }) =>
      [...text.matchAll(/ADR (\d+)/g)].map(([, number]) => ({ path, number: Number(number) })),
    );
    expect(cited.filter(({ number }) => number > files.length)).toEqual([]);
  });
});

function range(list: string): number[] {
  const numbers = [...list.matchAll(/\d+/g)].map(([n]) => Number(n));
  const [from = 0, to = 0] = numbers.slice(-2);
  return [...numbers, ...Array.from({ length: to - from }, (_, i) => from + i)];
}

describe('files', () => {
  it('have at most 400 lines', () => {
    const long = [...sources, ...sourceFiles('test', 'scripts')].filter(({ text }) => text.split('\n').length > 401);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  it('hold nothing to be done later, nothing skipped and no way round the types', () => {
    const wrong = [...sources, ...tests].flatMap(({ path, text }) =>
      [...text.matchAll(/\b(TODO|FIXME|XXX\b|as any\b|@ts-ignore|@ts-expect-error|\.only\()/g)].map(
        (match) => `${path}: ${match[1]}`,
      ),
    );
    expect(wrong).toEqual([]);
  });

  it('ARCHITECTURE.md has at most 200 lines', () => {
    expect(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').split('\n').length).toBeLessThanOrEqual(201);
  });

  it('CHANGELOG.md says each thing once', () => {
    // A merge that keeps both versions of a line keeps their beginning twice.
    const starts = [...readFileSync(join(root, 'CHANGELOG.md'), 'utf8').matchAll(/^- (.{1,30})/gm)].map(
      ([, start = '']) => start,
    );
    expect(starts.filter((start, at) => starts.indexOf(start) !== at)).toEqual([]);
  });

  it('package.json pins every version exactly', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
    const loose: string[] = [];
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies', 'overrides']) {
      for (const [name, version] of Object.entries((manifest[kind] ?? {}) as Record<string, string>)) {
        if (!/^\d+\.\d+\.\d+$/.test(version)) loose.push(`${name}@${version}`);
      }
    }
    expect(loose).toEqual([]);
  });
});
