import type { CommandDefinition, Extension } from '../definition.ts';
import { addressIn, checkNamedAddress } from '../headers.ts';
import { asciiCasemap, octet } from './comparators.ts';
import { coreMatchTypes } from './core-match-types.ts';
import { coreTests } from './core-tests.ts';

const commands: readonly CommandDefinition[] = [
  {
    name: 'require',
    parameters: [{ name: 'capabilities', type: 'strings', constant: true }],
    brings: (node) => {
      const names = node.values.get('capabilities');
      return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
    },
    run: () => undefined,
  },
  {
    name: 'if',
    tests: 'one',
    block: true,
    *run(node, run) {
      run.branchTaken = yield* run.test(node.tests[0]);
      if (run.branchTaken) yield* run.block(node.block);
    },
  },
  {
    name: 'elsif',
    follows: ['if', 'elsif'],
    tests: 'one',
    block: true,
    *run(node, run) {
      if (run.branchTaken) return;
      run.branchTaken = yield* run.test(node.tests[0]);
      if (run.branchTaken) yield* run.block(node.block);
    },
  },
  {
    name: 'else',
    follows: ['if', 'elsif'],
    block: true,
    run: (node, run) => (run.branchTaken ? undefined : run.block(node.block)),
  },
  {
    name: 'stop',
    run: (_node, run) => {
      run.halted = 'stop';
    },
  },
  { name: 'keep', run: (node, run) => run.act(node, { kind: 'keep', implicit: false }) },
  {
    name: 'discard',
    run: (node, run) => {
      run.implicitKeep = false;
      run.act(node, { kind: 'discard' });
    },
  },
  {
    name: 'redirect',
    parameters: [
      { name: 'address', type: 'string', check: (text, has) => (has(':list') ? undefined : checkNamedAddress(text)) },
    ],
    run: (node, run) => {
      const text = run.text(node, 'address');
      run.act(node, { kind: 'redirect', address: run.has(node, ':list') ? text : (addressIn(text) ?? text) });
    },
  },
];

/** The language itself: RFC 5228 §3 to §5, and what needs no `require`. */
export const core: Extension = {
  capability: '',
  commands,
  tests: coreTests,
  comparators: [octet, asciiCasemap],
  matchTypes: coreMatchTypes,
  addressParts: [
    { name: 'all', of: ({ local, domain }) => (domain === '' ? local : `${local}@${domain}`) },
    { name: 'localpart', of: ({ local }) => local },
    { name: 'domain', of: ({ domain }) => domain },
  ],
};
