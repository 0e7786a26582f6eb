import { userInfo } from 'node:os';
import { Command } from 'commander';
import type { Delivered, Delivery, Recipient, Refusal, RefusalCode } from '../../lib/delivery/ports.ts';
import { LineEndings } from '../../lib/message/line-endings.ts';
import { ReturnPathFilter } from '../../lib/message/return-path-filter.ts';
import { CommandError, type ExitCode, exitCode, failure } from '../exit-codes.ts';
import { readSettings, withStore } from '../session.ts';
import { withoutFromLine } from '../without-from-line.ts';

/** `cirrus deliver`: for MTAs that pipe mail to a program, and for people who try it out. */
export function deliverCommand(): Command {
  return new Command('deliver')
    .description('deliver the message on standard input; exit codes are those of sysexits(3)')
    .option('-f, --from <sender>', 'the envelope sender; empty for none', '')
    .argument('<user...>', 'user names or addresses')
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

async function deliver(users: readonly string[], command: Command): Promise<void> {
  const options = command.optsWithGlobals<{ config?: string; from: string }>();
  const sender = options.from.replace(/^<(.*)>$/, '$1');
  if (/[\u0000-\u0020\u007f<>]/.test(sender)) throw new Refused(exitCode.usage, `-f ${sender}: not an address`);
  const settings = readSettings(options);
  await withStore(settings, async ({ delivery }) => {
    const answers = await Promise.all(users.map((user) => delivery.recipient(user)));
    const recipients = answers.filter((answer) => answer.ok);
    const outcomes =
      recipients.length === 0 ? [] : await send(delivery, sender, recipients, settings.config.servername);
    const refused = new Map<string, Refusal>();
    for (const [i, answer] of answers.entries()) if (!answer.ok) refused.set(users[i] ?? '', answer);
    for (const [i, outcome] of outcomes.entries()) if (!outcome.ok) refused.set(recipients[i]?.address ?? '', outcome);
    if (refused.size > 0) throw refusalOf(refused, settings.config.lmtp_over_quota_perm_failure);
  });
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
