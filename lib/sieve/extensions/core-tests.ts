import type { TestDefinition } from '../definition.ts';
import { addressesOf, currentHeader, decodedField, type Field, fieldsOf } from '../headers.ts';
import { mimeFields } from '../parts.ts';
import type { Answering } from '../question.ts';
import type { Run } from '../run.ts';
import type { CompiledNode } from '../script.ts';
import { mimeValues } from './mime.ts';

/** Fields that never hold addresses: the address test is for those that can (RFC 5228 §5.1). */
const noAddresses =
  /^(?:subject|comments|keywords|date|resent-date|message-id|resent-message-id|in-reply-to|references|received|mime-version|content-.*)$/i;

/** The tests of RFC 5228 §5 that need no `require`. */
export const coreTests: readonly TestDefinition[] = [
  { name: 'true', run: () => true },
  { name: 'false', run: () => false },
  {
    name: 'not',
    tests: 'one',
    *run(node, run) {
      return !(yield* run.test(node.tests[0]));
    },
  },
  {
    name: 'allof',
    tests: 'list',
    *run(node, run) {
      for (const test of node.tests) if (!(yield* run.test(test))) return false;
      return true;
    },
  },
  {
    name: 'anyof',
    tests: 'list',
    *run(node, run) {
      for (const test of node.tests) if (yield* run.test(test)) return true;
      return false;
    },
  },
  {
    name: 'header',
    match: true,
    parameters: [
      { name: 'fields', type: 'strings' },
      { name: 'keys', type: 'strings' },
    ],
    run: (node, run) => {
      if (run.has(node, ':mime')) return mimeHeader(node, run);
      const values = fieldsOf(node, run, run.texts(node, 'fields')).map((field) => decodedField(run, field));
      return node.matching.type.run(values, run.texts(node, 'keys'), node.matching, run);
    },
  },
  {
    name: 'address',
    match: true,
    addressPart: true,
    parameters: [
      { name: 'fields', type: 'strings', check: checkAddressField },
      { name: 'keys', type: 'strings' },
    ],
    run: (node, run) => {
      if (run.has(node, ':mime')) return mimeAddress(node, run);
      return matchAddresses(node, run, fieldsOf(node, run, run.texts(node, 'fields')));
    },
  },
  {
    name: 'exists',
    parameters: [{ name: 'fields', type: 'strings' }],
    run: (node, run) => {
      if (run.has(node, ':mime')) return mimeExists(node, run);
      const header = currentHeader(run);
      return run.texts(node, 'fields').every((field) => header.named(field).length > 0);
    },
  },
  {
    name: 'size',
    tags: [
      { name: 'over', group: 'relation', mandatory: true },
      { name: 'under', group: 'relation' },
    ],
    parameters: [{ name: 'limit', type: 'number' }],
    run: (node, run) => {
      const limit = run.number(node, 'limit') ?? 0;
      return run.has(node, ':over') ? run.message.sizeBytes > limit : run.message.sizeBytes < limit;
    },
  },
];

function* mimeHeader(node: CompiledNode, run: Run): Answering<boolean> {
  const values = yield* mimeValues(node, run);
  const matched = node.matching.type.run(values, run.texts(node, 'keys'), node.matching, run);
  return typeof matched === 'boolean' ? matched : yield* matched;
}

function* mimeAddress(node: CompiledNode, run: Run): Answering<boolean> {
  const matched = matchAddresses(node, run, yield* mimeFields(node, run, run.texts(node, 'fields')));
  return typeof matched === 'boolean' ? matched : yield* matched;
}

function* mimeExists(node: CompiledNode, run: Run): Answering<boolean> {
  for (const name of run.texts(node, 'fields')) {
    if ((yield* mimeFields(node, run, [name])).length === 0) return false;
  }
  return true;
}

function matchAddresses(node: CompiledNode, run: Run, fields: readonly Field[]): boolean | Answering<boolean> {
  const { part, type } = node.matching;
  const { detailSeparator } = run.environment;
  const values: string[] = [];
  for (const field of fields) {
    for (const address of addressesOf(run, field)) {
      // RFC 5228 §2.7.4: what is no whole address is not looked at in parts.
      if (part.name !== 'all' && (address.local === '' || address.domain === '')) continue;
      const value = part.of(address, detailSeparator);
      if (value !== undefined) values.push(value);
    }
  }
  return type.run(values, run.texts(node, 'keys'), node.matching, run);
}

function checkAddressField(name: string, has: (name: string) => boolean): string | undefined {
  // RFC 5703 §4.2: Content-From is a field of parts.
  if (noAddresses.test(name) && !has(':mime')) {
    return `The field "${name}" does not hold addresses; use the test "header".`;
  }
  return undefined;
}
