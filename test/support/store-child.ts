// Works on the home that the environment names until it is killed: says on a line of its own what the store has acknowledged.
import { openHome } from '../../gateway/open-home.ts';
import { loadConfig } from '../../lib/base/config.ts';
import { Account } from '../../lib/store/account.ts';
import { append } from '../../lib/store/append.ts';
import { deliverOnce } from '../../lib/store/claims.ts';
import { copyMessages } from '../../lib/store/copy.ts';
import { Directory } from '../../lib/store/directory.ts';
import { expunge } from '../../lib/store/expunge.ts';
import { MailStore } from '../../lib/store/mail-store.ts';
import { storeMessage } from '../../lib/store/messages.ts';
import { moveMessages } from '../../lib/store/move.ts';
import { setFlags } from '../../lib/store/set-flags.ts';
import { UidSet } from '../../lib/store/uid-set.ts';
import { randomFrom } from './fault-plan.ts';
import type { Acknowledged } from './hammer.ts';

const [seed = '0'] = process.argv.slice(2);
const random = randomFrom(Number(seed));
const below = (limit: number): number => Math.floor(random() * limit);

const onError = (what: string, error: unknown): void => say({ did: 'fail', what: `${what}: ${error}` });
const ports = await openHome(loadConfig().config, { serves: true, onError });
const store = new MailStore(ports, { onError });
const user = await new Directory(store.ports.index).find('anna');
if (user === undefined) throw new Error('there is no anna');
const account = new Account(store, user);
const boxes = [await account.open('INBOX'), await account.open('Archive')] as const;
const junk = await account.open('Junk');

function say(done: Acknowledged): void {
  console.log(JSON.stringify(done));
}

async function stored(text: string) {
  const body = Buffer.from(`Subject: ${text}\r\n\r\n${text}\r\n`);
  const { blob, sizeBytes } = await storeMessage(store.context, [account.user.space], body);
  return { blob, sizeBytes, internalDate: 1_700_000_000 };
}

async function someUids(box: (typeof boxes)[number]): Promise<UidSet> {
  const { view } = await box.mailbox.refresh();
  const first = view.uidAt(1 + below(Math.max(1, view.exists))) ?? 1;
  return UidSet.fromRanges([[first, first + below(4)]]);
}

async function work(i: number): Promise<void> {
  const which = below(100);
  const at = below(2);
  const [box, other] = [boxes[at as 0 | 1], boxes[(1 - at) as 0 | 1]];
  if (which < 40) {
    const messages = await Promise.all(Array.from({ length: 1 + below(3) }, () => stored(`${seed}-${i}`)));
    const { firstUid } = await append(
      box,
      messages.map((message) => ({ ...message, flags: [] })),
    );
    say({ did: 'append', box: box.name, firstUid, blobs: messages.map(({ blob }) => blob) });
  } else if (which < 60) {
    // Known before it is tried, so that whoever survives can try again.
    const message = await stored(`${seed}-${i}`);
    const delivery = `${seed}-${i}`;
    say({ did: 'try', delivery, blob: message.blob });
    const delivering = {
      deliveryId: Buffer.from(delivery),
      messageKey: undefined,
      suppressMs: 0,
      message: { ...message, flags: { system: 0, keywords: [] } },
    };
    await deliverOnce(store, boxes[0].mailbox.id, delivering);
    say({ did: 'deliver', delivery, blob: message.blob });
  } else if (which < 72) {
    const operation = random() < 0.7 ? 'add' : 'remove';
    const { changed } = await setFlags(box, { operation, flags: ['\\Seen', '\\Deleted'], uids: await someUids(box) });
    say({ did: 'flags', box: box.name, uids: changed.toString() });
  } else if (which < 76) say({ did: 'expunge', box: box.name, uids: (await expunge(box)).toString() });
  else if (which < 88) await moveMessages(box, await someUids(box), other);
  else if (which < 94) await copyMessages(box, await someUids(box), junk);
  else await box.mailbox.compact();
}

await Promise.all(
  Array.from({ length: 3 }, async (_, session) => {
    for (let i = session; ; i += 3) await work(i);
  }),
);
