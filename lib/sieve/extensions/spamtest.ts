import type { Extension } from '../definition.ts';

/** RFC 5235 §3.2.1: how much a message looks like spam, 0 (not tested) to 10. */
export const spamtest: Extension = {
  capability: 'spamtest',
  tests: [
    {
      name: 'spamtest',
      match: true,
      parameters: [{ name: 'key', type: 'string' }],
      run: (node, run) => {
        const { spamPercent } = run.environment;
        const value = run.has(node, ':percent') ? percent(spamPercent) : outOfTen(spamPercent);
        const counted = node.matching.type.name === 'count' && spamPercent === undefined ? [] : [value];
        return node.matching.type.run(counted, [run.text(node, 'key')], node.matching, run);
      },
    },
  ],
};

/** RFC 5235 §3.2.2: the same in percent. */
export const spamtestplus: Extension = {
  capability: 'spamtestplus',
  implies: ['spamtest'],
  tags: [{ name: 'percent', to: ['spamtest'] }],
};

/** RFC 5235 §3.3: 0 (not tested) to 5 (a virus). */
export const virustest: Extension = {
  capability: 'virustest',
  tests: [
    {
      name: 'virustest',
      match: true,
      parameters: [{ name: 'key', type: 'string' }],
      run: (node, run) => {
        const { virus } = run.environment;
        const counted = node.matching.type.name === 'count' && virus === undefined ? [] : [String(virus ?? 0)];
        return node.matching.type.run(counted, [run.text(node, 'key')], node.matching, run);
      },
    },
  ],
};

/** 0 is clear of spam or not tested, 100 is spam; what is neither is rounded to neither (RFC 5235 §3.2.2). */
function percent(exact = 0): string {
  return String(exact <= 0 ? 0 : exact >= 100 ? 100 : Math.min(99, Math.max(1, Math.round(exact))));
}

/** 1 is clear of spam, 10 is spam, the rest may be. */
function outOfTen(percent: number | undefined): string {
  if (percent === undefined) return '0';
  if (percent <= 0) return '1';
  return percent >= 100 ? '10' : String(2 + Math.floor((percent * 8) / 100));
}
