// `npm run bench:cost`: what a user, a mailbox, a million users and the stack itself cost a month on AWS.
import { type Line, monthOfPeople, monthOfRequests, monthOfStack, monthOfStorage, total } from './month.ts';
import { cost, prices } from './prices.ts';
import { DAYS, mailbox, person } from './usage.ts';

const MILLION = 1_000_000;
const mails = MILLION * DAYS * person.mailsReceived;

console.log(`US dollars a month, us-east-1, no free tier. The model counts what the cost tests allow, not less:
${person.mailsReceived} mails of ${person.mailBytes / 1000} KB and ${person.changes} other changes a day for each of them.
`);
show('One user: requests', monthOfRequests(1));
show(`One mailbox at rest: ${mailbox.messages} messages`, monthOfStorage(mailbox.messages));
show('The stack when nobody uses it', monthOfStack());
show(`A million users with ${mailbox.messages} messages each`, monthOfPeople(MILLION));
console.log(`DynamoDB writes of a million users: ${dollars(total(monthOfRequests(MILLION), 'writeUnits'))} (the limit is $5,500)

Not in it:
  ${dollars(cost('writeUnits', mails)).padStart(12)}  one more write per delivery, when every user has a quota
  ${dollars(cost('received', mails)).padStart(12)}  mail received by SES; nothing when an MTA of yours delivers by LMTP
  ${dollars(cost('natHours', 730)).padStart(12)}  a NAT gateway (subnets=private), besides what goes through it
                two or three copies of each message while old versions of objects are kept; search; outgoing mail

Prices:`);
for (const { usd, per, of, source, noted } of Object.values(prices)) {
  console.log(`  $${usd} for ${per === 1 ? '' : `${per.toLocaleString('en')} `}${of}: ${source}, noted ${noted}`);
}

function show(title: string, lines: readonly Line[]): void {
  console.log(title);
  for (const { what, of, amount, usd } of lines.filter((each) => each.amount > 0)) {
    console.log(`  ${dollars(usd).padStart(12)}  ${what}: ${figure(amount)} ${prices[of].of}`);
  }
  console.log(`  ${dollars(total(lines)).padStart(12)}  in all\n`);
}

function dollars(usd: number): string {
  if (usd < 1) return `$${usd.toPrecision(2)}`;
  return `$${usd.toLocaleString('en', { minimumFractionDigits: usd < 100 ? 2 : 0, maximumFractionDigits: usd < 100 ? 2 : 0 })}`;
}

function figure(amount: number): string {
  return amount.toLocaleString('en', { maximumSignificantDigits: 3 });
}
