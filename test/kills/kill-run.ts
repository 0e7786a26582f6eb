import { setTimeout as sleep } from 'node:timers/promises';
import { randomFrom } from '../support/fault-plan.ts';
import { type HomeName, openTestHome } from '../support/home.ts';
import { answerAll, checkAnswers, NO_RELAY } from './answers.ts';
import { Gateways } from './gateways.ts';
import { check, prepare } from './kill-check.ts';
import { type Acknowledged, appender, deliverer } from './kill-load.ts';

/**
 * Gateways on one home under load from LMTP and APPEND clients, killed with SIGKILL at random moments. Afterwards every
 * acknowledged message is there exactly once with its UID, UIDs ascend, and the doctor finds nothing. `answers`: one of the
 * users answers by a script, and each sender of an acknowledged message has one answer.
 */
export async function runKills(
  kills: number,
  seed: number,
  options: { readonly count?: number; readonly homeName?: HomeName; readonly answers?: boolean } = {},
): Promise<{ acknowledged: number; found: number; answers: number }> {
  const { count = 4, homeName, answers = false } = options;
  console.log(`gateway kills: seed ${seed}`);
  const random = randomFrom(seed);
  await using home = await openTestHome(homeName);
  await prepare(home);
  if (answers) await answerAll(home);
  const gateways = new Gateways({ ...home.environment, ...(answers && NO_RELAY) }, count);
  const acknowledged: Acknowledged[] = [];
  const run = { gateways, random, acknowledged, stop: false };
  try {
    await gateways.startAll();
    const clients = [0, 1, 2, 3].flatMap((n) => [deliverer(run, n), appender(run, n)]);
    while (gateways.kills < kills) {
      await sleep(50 + random() * 400);
      await gateways.killOne(random);
    }
    run.stop = true;
    await Promise.all(clients);
  } finally {
    run.stop = true;
    await gateways.stopAll();
  }
  const found = await check(home, acknowledged);
  return { acknowledged: acknowledged.length, found, answers: answers ? await checkAnswers(home, acknowledged) : 0 };
}
