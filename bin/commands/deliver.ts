import { userInfo } from 'node:os';
import { Command } from 'commander';
import { parseRecipient } from '../../lib/delivery/address.ts';
import type { Delivered, Delivery, Recipient, Refusal, RefusalCode } from '../../lib/delivery/ports.ts';
import { LineEndings } from '../../lib/message/line-endings.ts';
import { ReturnPathFilter } from '../../lib/message/return-path-filter.ts';
import { CommandError, type ExitCode, exitCode, failure } from '../exit-codes.ts';
import { commandLog, readSettings, withStore } from '../session.ts';
import { withoutFromLine } from '../without-from-line.ts';

/** `cirrus deliver`: for MTAs that pipe mail to a program, and for people who try it out; with the options of Cyrus' deliver. */
export function deliverCommand(): Command {
  return new Command('deliver')
    .description('deliver the message on standard input; exit codes are those of sysexits(3)')
    .option('-f, --from <sender>', 'the envelope sender; empty for none', '')
    .option('-r, --return-path <sender>', 'the same')
    .option('-m, --mailbox <name>', 'the mailbox of the users, if they let the sender post there (p); else INBOX')
    .option('-a, --auth-id <name>', 'who the sender is to those who give rights; anonymous without')
    .option('-q, --ignore-quota', 'deliver to full mailboxes too')
    .option('-e', 'no effect: the configuration says whether a second copy is dropped (duplicatesuppression)')
    .option('-l, --lmtp', 'speak LMTP on standard input and output instead')
    .argument('[user...]', 'user names or addresses')
    .action((users: string[], _options, command: Command) => asDelivery(() => deliver(users, command)));
}

/** A recipient was refused: the only failure that is told as it is. */
class Refused extends CommandError {}

/** An MTA bounces mail for most exit codes: whatever is wrong with us and not with the mail asks it to try again. */
async function asDelivery(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof Refused) throw error;
    const text = failure(error)?.text ?? `internal error: ${error instanceof Error ? error.stack : String(error)}`;
    throw new CommandError(exitCode.temporary, text, { cause: error });
  }
}

const CODES = {
  'unknown-user': exitCode.noUser,
  'bad-address': exitCode.noUser,
  'over-quota': exitCode.temporary,
  'no-permission': exitCode.noPermission,
  'too-big': exitCode.data,
  'too-many': exitCode.data,
  rejected: exitCode.noPermission,
  'not-ascii': exitCode.data,
  unavailable: exitCode.temporary,
} satisfies Record<RefusalCode, ExitCode>;

interface DeliverOptions {
  readonly config?: string;
  readonly from: string;
  readonly returnPath?: string;
  readonly mailbox?: string;
  readonly authId?: string;
  readonly ignoreQuota?: boolean;
  readonly lmtp?: boolean;
}

async function deliver(users: readonly string[], command: Command): Promise<void> {
  const options = command.optsWithGlobals<DeliverOptions>();
  if (options.lmtp === true) return speakLmtp(users, options);
  if (users.length === 0) throw new Refused(exitCode.usage, 'name at least one user');
  const sender = (options.returnPath ?? options.from).replace(/^<(.*)>$/, '$1');
  if (/[\u0000-\u0020\u007f<>]/.test(sender)) throw new Refused(exitCode.usage, `-f ${sender}: not an address`);
  const settings = readSettings(options);
  await withStore(settings, async ({ delivery }) => {
    const { ignoreQuota = false, authId: poster } = options;
    const addresses = users.map((user) => withDetail(user, options.mailbox ?? ''));
    const answers = await Promise.all(
      addresses.map((address) => delivery.recipient(address, undefined, { ignoreQuota, poster })),
    );
    const recipients = answers.filter((answer) => answer.ok);
    const outcomes =
      recipients.length === 0 ? [] : await send(delivery, sender, recipients, settings.config.servername);
    const refused = new Map<string, Refusal>();
    for (const [i, answer] of answers.entries()) if (!answer.ok) refused.set(users[i] ?? '', answer);
    for (const [i, outcome] of outcomes.entries()) if (!outcome.ok) refused.set(recipients[i]?.address ?? '', outcome);
    if (refused.size > 0) throw refusalOf(refused, settings.config.lmtp_over_quota_perm_failure);
  });
}

async function speakLmtp(users: readonly string[], options: DeliverOptions): Promise<void> {
  if (users.length > 0) throw new Refused(exitCode.usage, 'with -l the recipients are named by LMTP');
  const settings = readSettings(options);
  const { lmtpOnStdio } = await import('../lmtp-on-stdio.ts');
  const log = commandLog(settings.config);
  await withStore(settings, ({ delivery }) => lmtpOnStdio(delivery, settings.config, log));
}

/** As in `anna+Lists@example.com`; quoted where need be, for a mailbox may have any name (RFC 5321 §4.1.2). */
function withDetail(user: string, mailbox: string): string {
  // It goes into Delivered-To.
  if (/\p{Cc}/u.test(user + mailbox)) throw new Refused(exitCode.usage, 'names hold no control characters');
  const parsed = parseRecipient(user);
  if (mailbox === '' || parsed === undefined) return user;
  const { local, domain } = parsed;
  const whole = `${local}+${mailbox}`;
  const isPlain = /^[\w!#$%&'*+\-/=?^`{|}~.\u0080-\u{10ffff}]+$/u.test(whole);
  const written = isPlain ? whole : `"${whole.replace(/["\\]/g, '\\$&')}"`;
  return domain === undefined ? written : `${written}@${domain}`;
}

async function send(
  delivery: Delivery,
  sender: string,
  recipients: readonly Recipient[],
  servername: string,
): Promise<readonly Delivered[]> {
  const who = process.getuid === undefined ? '' : ` from userid ${userInfo({ encoding: 'utf8' }).uid}`;
  const only = recipients.length === 1 ? recipients[0] : undefined;
  const trace =
    `Return-Path: <${sender}>\r\n` +
    (only === undefined ? '' : `Delivered-To: ${only.address}\r\n`) +
    `Received: by ${servername} (Cirrus)${who};\r\n\t${new Date().toUTCString().replace('GMT', '+0000')}\r\n`;
  return delivery.deliver({ sender, recipients, trace, body: message(process.stdin) });
}

/** The message with CRLF, without the line `From ...` that some MTAs put in front, and without their Return-Path. */
async function* message(input: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  const [endings, returnPath] = [new LineEndings(), new ReturnPathFilter()];
  for await (const piece of withoutFromLine(input)) yield returnPath.push(endings.push(piece));
  yield returnPath.end();
}

/** One line per recipient; a temporary failure asks the MTA to try again, which delivers nothing twice. */
function refusalOf(refused: ReadonlyMap<string, Refusal>, quotaIsPermanent: boolean): Refused {
  const codes = [...refused.values()].map(({ code }) =>
    code === 'over-quota' && quotaIsPermanent ? exitCode.cannotCreate : CODES[code],
  );
  const [first = exitCode.temporary] = codes;
  const code = codes.includes(exitCode.temporary) ? exitCode.temporary : first;
  return new Refused(code, [...refused].map(([user, { text }]) => `${user}: ${text}`).join('\n'));
}
