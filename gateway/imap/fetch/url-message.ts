import type { Account } from '../../../lib/store/account.ts';
import { StoreError } from '../../../lib/store/errors.ts';
import type { ColdRow } from '../../../lib/store/mailbox-block.ts';
import { summaries } from '../../../lib/store/messages.ts';
import type { NameView } from '../../../lib/store/name-view.ts';
import { UidSet } from '../../../lib/store/uid-set.ts';
import type { FetchItem } from '../wire/fetch-item.ts';
import type { ImapUrl } from '../wire/imap-url.ts';
import { MessageWindow } from './message-window.ts';
import { type Literal, literalOf } from './octet-writer.ts';
import { type Facts, octetsOf } from './sections.ts';

/** The message that a URL names. */
export interface UrlMessage extends Facts {
  readonly row: ColdRow;
  readonly window: MessageWindow;
}

/** How a URL is read: what the user may, and calls the mailbox. */
export interface UrlReader {
  readonly account: Account;
  readonly names: NameView;
  readonly windowBytes: number;
}

/** Finds the message of a URL (RFC 5092); undefined when there is none that the user may read. */
export async function messageOfUrl(
  { account, names, windowBytes }: UrlReader,
  { mailbox, uidValidity, uid }: ImapUrl,
): Promise<UrlMessage | undefined> {
  try {
    const open = await account.open(names.fromWire(mailbox));
    if (uidValidity !== null && uidValidity !== open.uidValidity) return undefined;
    const { view } = await open.mailbox.refresh();
    const row = (await open.mailbox.cold(view, view.present(UidSet.fromSorted([uid])))).get(uid);
    if (row === undefined) return undefined;
    const { context } = open.store;
    const [summary] = await summaries(context, open.space, [row.blob]);
    return { uid, sizeBytes: row.sizeBytes, summary, row, window: new MessageWindow(context, open.space, windowBytes) };
  } catch (error) {
    if (error instanceof StoreError && error.code !== 'unavailable' && error.code !== 'format') return undefined;
    throw error;
  }
}

/** The octets that a URL names, as they are or (`binary`) decoded; undefined when the message has none such. */
export async function octetsOfUrl(
  message: UrlMessage,
  { section, partial }: ImapUrl,
  binary = false,
): Promise<Literal | undefined> {
  const item: FetchItem = binary
    ? { item: 'BINARY[]', peek: true, part: section.part, partial }
    : { item: 'BODY[]', peek: true, section, partial };
  const octets = octetsOf(item, message);
  return octets && literalOf(message.window, message.row.blob, octets);
}
