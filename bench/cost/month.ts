import { COMPACT_RECORDS } from '../../lib/store/compact.ts';
import { type Budget, budgets } from './budget.ts';
import { cost, type Priced } from './prices.ts';
import { DAYS, HOURS, mailbox, person, stack } from './usage.ts';

/** One line of a bill. */
export interface Line {
  readonly what: string;
  readonly of: Priced;
  readonly amount: number;
  readonly usd: number;
}

const GB = 1e9;
const MINUTES = 60 * 24;
const WEEK = 7;
/**
 * A log further behind than this gets a new snapshot (lib/store/compact.ts): the manifest, hot and cold columns, summaries, what was
 * expunged and nonces. Small pieces are items, which cost no more than an object does.
 */
const SNAPSHOT_PIECES = 6;

const line = (what: string, of: Priced, amount: number): Line => ({ what, of, amount, usd: cost(of, amount) });

export function total(lines: readonly Line[], of?: Priced): number {
  return lines.reduce((sum, each) => sum + (of === undefined || each.of === of ? each.usd : 0), 0);
}

/** What is asked of DynamoDB and S3 in a month by so many people; storage is in {@link monthOfStorage}. */
export function monthOfRequests(people: number): readonly Line[] {
  const often = (perDay: number): number => people * DAYS * perDay;
  const mails = often(person.mailsReceived);
  const changes = often(person.changes);
  const reads = (what: string, { readUnits }: Pick<Budget, 'readUnits'>, times: number): Line =>
    line(what, 'readUnits', readUnits * times);
  return [
    line('deliveries: claim, summary, head', 'writeUnits', mails * budgets.delivery.writeUnits),
    line('other changes: one head each', 'writeUnits', changes * budgets.change.writeUnits),
    line('summaries of what was thrown away, deleted', 'writeUnits', mails * person.shareThrownAway),
    reads('deliveries: directory, tree, quota, INBOX', budgets.delivery, mails),
    reads('sessions in IDLE look at the head every minute', budgets.poll, often(person.shareIdle * MINUTES)),
    reads('logins', budgets.login, often(person.logins)),
    reads('SELECT', budgets.select, often(person.selects)),
    reads('summaries of new mail', budgets.envelope, mails),
    reads('summaries of new mail, taken into snapshots', budgets.envelope, mails),
    line('snapshots of mailboxes: their pieces', 'blobPuts', ((mails + changes) / COMPACT_RECORDS) * SNAPSHOT_PIECES),
    line('daily checkpoints: what they were made of', 'writeUnits', often(budgets.checkpoint.writeUnits)),
    reads('daily checkpoints: every mailbox', budgets.checkpoint, often(1)),
    line('daily checkpoints: put, and a list of the old ones', 'blobPuts', often(budgets.checkpoint.blobPuts + 1)),
    line('daily checkpoints: columns of mailboxes', 'blobGets', often(budgets.checkpoint.blobGets)),
    line('messages put', 'blobPuts', mails * budgets.delivery.blobPuts),
    line('messages read', 'blobGets', mails * person.bodiesPerMail * budgets.body.blobGets),
  ];
}

/** What so many messages cost a month for being there. */
export function monthOfStorage(messages: number): readonly Line[] {
  const items = (messages * person.summaryBytes) / GB;
  return [
    line('messages kept', 'blobStorage', (messages * person.mailBytes) / GB),
    line('a week of checkpoints kept', 'blobStorage', (messages * WEEK * person.checkpointBytes) / GB),
    line('summaries kept', 'itemStorage', items),
    line('summaries restorable to any second', 'itemRecovery', items),
  ];
}

/** The stack for so many open sessions that are sent so many bytes a month; none of both: what it costs when nobody is there. */
export function monthOfStack(sessions = 0, sentBytes = 0, deliveries = 0): readonly Line[] {
  const tasks = Math.max(stack.tasks, Math.ceil(sessions / stack.connectionsPerTask));
  const sentGb = sentBytes / GB;
  const units = Math.max(sessions / stack.connectionsPerUnit, sentGb / HOURS / stack.gbPerUnitHour);
  return [
    line(`gateways: CPU of ${tasks} tasks`, 'cpuHours', tasks * stack.vcpus * HOURS),
    line(`gateways: memory of ${tasks} tasks`, 'memoryHours', tasks * stack.memoryGb * HOURS),
    line('public addresses of tasks and load balancer', 'addressHours', (tasks + stack.zones) * HOURS),
    line('load balancer', 'balancerHours', HOURS),
    line('load balancer: what goes through it', 'balancerUnits', units * HOURS),
    line('sent to clients', 'sent', sentGb),
    line('logs', 'logs', (deliveries * stack.loggedBytesPerDelivery) / GB),
    line('alarms', 'alarms', stack.alarms + stack.scalingAlarms),
    line('dashboard', 'dashboards', 1),
    line('name of LMTP inside the VPC', 'zones', 1),
  ];
}

/** Everything for so many people, in the month in which each keeps so many messages. */
export function monthOfPeople(people: number, messagesEach: number = mailbox.messages): readonly Line[] {
  const mails = people * DAYS * person.mailsReceived;
  return [
    ...monthOfRequests(people),
    ...monthOfStorage(people * messagesEach),
    ...monthOfStack(people * person.shareIdle, mails * person.bodiesPerMail * person.mailBytes, mails),
  ];
}
