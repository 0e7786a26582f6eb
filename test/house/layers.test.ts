import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sourceFiles } from './source-files.ts';

/** What each folder may import besides itself (ARCHITECTURE.md, Code map). The longest prefix counts. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'lib/base': [],
  'lib/message': ['lib/base'],
  'lib/sieve': ['lib/base', 'lib/message'],
  'lib/store': ['lib/base', 'lib/message'],
  'lib/convert': ['lib/base', 'lib/message'],
  'lib/search': ['lib/base', 'lib/message', 'lib/store'],
  'lib/auth': ['lib/base', 'lib/store'],
  'lib/delivery': ['lib/base', 'lib/message', 'lib/sieve', 'lib/store'],
  'lib/jobs': ['lib/base', 'lib/store/ports.ts', 'lib/store/errors.ts'],
  'lib/hints': ['lib/store/ports.ts'],
  'lib/embedded': [
    'lib/base',
    'lib/hints',
    'lib/jobs',
    'lib/store/ports.ts',
    'lib/store/port-limits.ts',
    'lib/store/errors.ts',
  ],
  'lib/aws': [
    'lib/base',
    'lib/hints',
    'lib/jobs',
    'lib/message/sent-from.ts',
    'lib/store/ports.ts',
    'lib/store/port-limits.ts',
    'lib/store/errors.ts',
    'lib/store/keys.ts',
  ],
  'lib/smtp': ['lib/store/ports.ts', 'lib/store/errors.ts'],
  'lib/outbox': ['lib/base', 'lib/aws/outbox-ses.ts', 'lib/smtp/outbox.ts', 'lib/store/ports.ts'],
  'gateway/net': ['lib/base'],
  'gateway/imap/wire': ['lib/base', 'lib/message'],
  'gateway/imap': ['lib/base', 'lib/message', 'lib/store', 'lib/search', 'lib/auth', 'lib/convert', 'gateway/net'],
  'gateway/pop3/wire': ['lib/base'],
  'gateway/pop3': ['lib/base', 'lib/store', 'lib/auth', 'gateway/net'],
  'gateway/lmtp': ['lib/base', 'lib/message', 'lib/delivery', 'lib/auth', 'lib/store/errors.ts', 'gateway/net'],
  'gateway/smmapd': ['lib/base', 'lib/delivery', 'gateway/net'],
  'gateway/managesieve/wire': [],
  'gateway/managesieve': ['lib/base', 'lib/store', 'lib/auth', 'gateway/net'],
  'gateway/autocreating.ts': ['lib/auth', 'lib/delivery'],
  'gateway/main.ts': ['lib', 'gateway'],
  'gateway/open-store.ts': ['lib', 'gateway/open-home.ts'],
  'gateway/open-home.ts': ['lib'],
  'lib/infra': ['lib/aws/schema.ts', 'lib/store/keys.ts'],
  lambdas: ['lib'],
  bin: ['lib', 'gateway'],
};

/** Packages that only some folders may import: the edges (CONTRIBUTING.md, rule 5). */
const EDGES: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^sharp$/, ['lib/convert']],
  [/^nodemailer$/, ['lib/smtp']],
  [/^@aws-sdk\/|^@smithy\//, ['lib/aws']],
  [/^node:sqlite$/, ['lib/embedded']],
  [/^aws-cdk|^cdk-nag$|^constructs$|^esbuild$/, ['lib/infra', 'bin/stack.ts']],
  [
    /^node:(fs|net|tls|http|child_process)/,
    ['lib/embedded', 'lib/aws', 'lib/hints', 'lib/infra/bundle.ts', 'lib/base/config', 'lib/auth', 'gateway', 'bin'],
  ],
];

const files = sourceFiles('lib', 'gateway', 'lambdas', 'bin');

function layerOf(path: string): string | undefined {
  const fits = Object.keys(MAY_IMPORT).filter((layer) => path === layer || path.startsWith(`${layer}/`));
  return fits.sort((a, b) => b.length - a.length)[0];
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/^(?:import|export)\s[^;]*?from '([^']+)'|^import '([^']+)'/gm)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
}

describe('layers', () => {
  it('every source file is in a layer', () => {
    const lost = files.filter(({ path }) => layerOf(path) === undefined);
    expect(lost.map(({ path }) => path)).toEqual([]);
  });

  it('import only what lies below them', () => {
    const wrong: string[] = [];
    for (const { path, text } of files) {
      const layer = layerOf(path) ?? '';
      const allowed = [layer, ...(MAY_IMPORT[layer] ?? [])];
      for (const name of importsOf(text).filter((name) => name.startsWith('.'))) {
        const target = normalize(join(dirname(path), name));
        if (!allowed.some((prefix) => target === prefix || target.startsWith(`${prefix}/`))) {
          wrong.push(`${path} imports ${target}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('keep the world at the edge', () => {
    const wrong: string[] = [];
    for (const { path, text } of files) {
      for (const name of importsOf(text)) {
        const edge = EDGES.find(([pattern]) => pattern.test(name));
        if (edge !== undefined && !edge[1].some((prefix) => path.startsWith(prefix))) {
          wrong.push(`${path} imports ${name}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('have no import cycles', () => {
    const graph = new Map(
      files.map(({ path, text }) => [
        path,
        importsOf(text.replace(/^import type [^;]*;/gm, ''))
          .filter((name) => name.startsWith('.'))
          .map((name) => normalize(join(dirname(path), name))),
      ]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
      if (done.has(path) || trail.includes(path)) return;
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const path of graph.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });
});
