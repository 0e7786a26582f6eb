// `npm run compat`: says the same scripts to Cirrus, Dovecot and Cyrus; a difference without a reason is a failure. See docs/compat.md.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cirrus } from '../peers/cirrus.ts';
import { cyrus } from '../peers/cyrus.ts';
import { dovecot } from '../peers/dovecot.ts';
import type { Running, Setup } from '../peers/peer.ts';
import { play, type Users } from './play.ts';
import { parseScript, type Script } from './script.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    cache: { type: 'string', default: join(import.meta.dirname, '../../data/bench') },
  },
});
const folder = join(import.meta.dirname, 'scripts');
const names = readdirSync(folder).sort();
/** Enough for all scripts but the one that is to cross it. */
const setup: Setup = { users: names.flatMap((_, i) => Object.values(usersOf(i))), quotaKib: 16 };

/** Where a peer answers otherwise than the script says it would. */
interface Finding {
  readonly where: string;
  readonly peer: string;
  readonly reasons: readonly string[] | undefined;
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
}

mkdirSync(values.cache, { recursive: true });
const ours = cirrus(values.cache, setup);
const others = { dovecot: dovecot(values.cache, 'maildir', setup), cyrus: cyrus(values.cache, setup) };
const peers = [ours, ...Object.values(others)];
const running: Running[] = [];
const findings: Finding[] = [];
let [commands, differences] = [0, 0];
try {
  for (const peer of peers) {
    await peer.remove();
    running.push(await peer.start());
  }
  const [us, ...them] = running;
  for (const [i, name] of names.entries()) {
    if (us === undefined || !name.includes(values.only)) continue;
    const script = parseScript(readFileSync(join(folder, name), 'utf8'));
    const wanted = await play(script, us, usersOf(i));
    commands += script.steps.length;
    for (const [k, peer] of Object.keys(others).entries()) {
      const server = them[k];
      if (server !== undefined) compare(name, script, peer, wanted, await play(script, server, usersOf(i)));
    }
  }
} finally {
  for (const each of running) await each.stop();
  for (const peer of peers) await peer.remove();
}
for (const { where, peer, reasons, ours, theirs } of findings) {
  console.log(
    `${where}: ${peer} ${reasons === undefined ? 'answers otherwise' : `no longer differs by ${reasons.join(' ')}`}`,
  );
  for (const line of ours) if (!theirs.includes(line)) console.log(`    Cirrus  ${JSON.stringify(line)}`);
  for (const line of theirs) if (!ours.includes(line)) console.log(`    ${peer.padEnd(7)} ${JSON.stringify(line)}`);
}
console.log(`${commands} commands, ${differences} differences, ${findings.length} not as written`);
process.exitCode = findings.length === 0 ? 0 : 1;

/** Two users for each script. */
function usersOf(script: number): Users {
  return { user: `user${2 * script}`, other: `user${2 * script + 1}` };
}

function compare(
  name: string,
  { steps }: Script,
  peer: string,
  wanted: readonly (readonly string[])[],
  heard: readonly (readonly string[])[],
): void {
  for (const [i, step] of steps.entries()) {
    const [ours = [], theirs = []] = [wanted[i], heard[i]];
    const differs = ours.join('\n') !== theirs.join('\n');
    if (differs) differences++;
    const reasons = step.differs.get(peer);
    if (differs === (reasons !== undefined)) continue;
    findings.push({ where: `${name}:${step.lineNumber} ${step.text}`, peer, reasons, ours, theirs });
  }
}
