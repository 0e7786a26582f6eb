import type { Extension } from '../definition.ts';
import { anyPair } from '../match.ts';
import { leadingDigits, numericOrder } from './comparators.ts';

const relations: Readonly<Record<string, (order: number) => boolean>> = {
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
};

/** RFC 5231: `:value` compares by order, `:count` compares how many there are. */
export const relational: Extension = {
  capability: 'relational',
  matchTypes: [
    {
      name: 'value',
      substrings: false,
      relation: checkRelation,
      run: (values, keys, { comparator, relation }, run) => {
        const holds = relations[relation] ?? (() => false);
        return anyPair(values, keys, run, (value, key) => holds(comparator.order(value, key)));
      },
    },
    {
      name: 'count',
      substrings: false,
      relation: checkRelation,
      // How many there are is a number, and compared as one whatever the comparator is: scripts often name none.
      run: (values, keys, { relation }, run) => {
        const holds = relations[relation] ?? (() => false);
        const count = String(values.length);
        return anyPair([count], keys, run, (value, key) => holds(numericOrder(value, leadingDigits(key))));
      },
    },
  ],
};

function checkRelation(text: string): string | undefined {
  if (Object.hasOwn(relations, text.toLowerCase())) return undefined;
  return `"${text.slice(0, 64)}" is no relation; there are "gt", "ge", "lt", "le", "eq" and "ne".`;
}
