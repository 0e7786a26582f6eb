// `node bench/sieve.ts`: what a script of 200 rules costs per message, evaluation alone.
import { parseStructure } from '../lib/message/structure.ts';
import { compileScript } from '../lib/sieve/check.ts';
import { evaluate } from '../lib/sieve/evaluate.ts';
import { problemText } from '../lib/sieve/problem.ts';
import { message } from './mail.ts';

const RULES = 200;
const MESSAGES = 5000;
const ROUNDS = 5;

/** Rules as people have them: a list, a sender, a word in the subject, several of these; none of them is for our messages. */
const rules = Array.from({ length: RULES }, (_, i) => {
  const test = [
    `header :contains "list-id" "list${i}.example.net"`,
    `address :is :all "from" ["person${i}@example.net", "person${i}@example.com"]`,
    `header :matches "subject" ["*[project${i}]*", "*ticket ${i}*"]`,
    `allof(address :domain :is ["to", "cc"] "dept${i}.example.com", not header :contains "subject" "urgent")`,
    `anyof(exists "x-flag-${i}", size :over ${i + 100}M)`,
  ][i % 5];
  return `${i === 0 ? 'if' : 'elsif'} ${test} { fileinto "Folder ${i}"; }`;
});

const source = `require ["fileinto"];\n${rules.join('\n')}\n`;
const result = compileScript(source);
if ('problems' in result) throw new Error(problemText(result.problems));
const { script } = result;
const messages = Array.from({ length: 50 }, (_, i) => parseStructure(message(i)));

const environment = {
  envelope: { from: 'sender@example.org', to: 'user@example.com' },
  nowMs: Date.now(),
  zoneMinutes: 0,
  detailSeparator: '+',
  items: new Map<string, string>(),
};

function run(times: number): number {
  const begin = performance.now();
  for (let i = 0; i < times; i++) {
    const structure = messages[i % messages.length];
    if (structure === undefined) continue;
    const { root, header, sizeBytes } = structure;
    const evaluation = evaluate(script, { root, header, sizeBytes }, environment);
    let step = evaluation.next();
    while (step.done !== true) step = evaluation.next(undefined);
    if (step.value.actions[0]?.kind !== 'keep') throw new Error('no rule is for it');
  }
  return ((performance.now() - begin) * 1000) / times;
}

run(MESSAGES / 10);
const measured = Array.from({ length: ROUNDS }, () => run(MESSAGES)).sort((a, b) => a - b);
const median = measured[Math.floor(ROUNDS / 2)] ?? Number.NaN;
console.log(
  `${RULES} rules, ${source.length} bytes: ${median.toFixed(0)} µs per message (${ROUNDS} rounds of ${MESSAGES}, median)`,
);
