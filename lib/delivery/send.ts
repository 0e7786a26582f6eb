import type { EditedMessage, RedirectAction } from '../sieve/actions.ts';
import type { MailStore } from '../store/mail-store.ts';
import { storeMessage } from '../store/messages.ts';
import { editedBytes, type Incoming, isWhole } from './carry-out.ts';
import { redirectHead, redirectLoop, returnPathBytes } from './compose/redirect.ts';
import { type Decision, type SendingAction, SIEVE_FAILED } from './decision.ts';
import type { OutgoingMessage } from './outgoing-job.ts';
import type { Places } from './places.ts';

/** Why nothing is sent at all. */
export const NO_RELAY = 'no relay is configured (smtp_relay)';

/** Why a redirect that must come in time or come back is not sent (RFC 6009 §7, RFC 2852 §4.1.4). */
const NO_DELIVER_BY = 'the relay does not promise to deliver in time';

/** Why nothing is sent to a list (RFC 6134 §2.3). */
const NO_LIST = 'there is no such list';

/** What was not sent, and why. */
export interface Unsent {
  readonly action: SendingAction;
  readonly why: string;
}

/**
 * What of a decision can be done: what cannot be sent on is kept instead, where nothing else of the message is, since mail
 * is never lost. `canSend`: there is a relay.
 */
export function feasible(
  decision: Decision,
  { stored, address }: Incoming,
  places: Places,
  canSend: boolean,
): { readonly decision: Decision; readonly unsent: readonly Unsent[] } {
  const unsent: Unsent[] = [];
  const loop = redirectLoop(stored.header, address);
  const sends = decision.sends.filter((action) => {
    if (action.kind !== 'redirect') return true;
    const why = canSend ? (loop ?? impossible(action)) : NO_RELAY;
    if (why !== undefined) unsent.push({ action, why });
    return why === undefined;
  });
  const isKept = decision.stores.length > 0 || sends.some(({ kind }) => kind === 'redirect');
  if (isKept || !unsent.some(({ action }) => action.kind === 'redirect')) {
    return { decision: { ...decision, sends }, unsent };
  }
  const flags = { system: 0, keywords: [SIEVE_FAILED] };
  return { decision: { ...decision, sends, stores: [{ target: places.inbox, flags }] }, unsent };
}

function impossible({ list, byTime }: RedirectAction): string | undefined {
  if (list === true) return NO_LIST;
  return byTime?.mode === 'return' ? NO_DELIVER_BY : undefined;
}

/** A redirect as it goes out: the stored bytes without our Return-Path, or what the script has made of them. */
export async function redirected(
  store: MailStore,
  incoming: Incoming,
  action: RedirectAction,
): Promise<OutgoingMessage> {
  const { sender, address, stored, reports } = incoming;
  const { ret, byTime } = action;
  // RFC 3461 §5.2.7.2: a sender who wants no reports gets none of where the message goes, either.
  const notify = action.notify ?? (reports?.notify?.includes('NEVER') === true ? 'NEVER' : undefined);
  const dsn = { ...(notify !== undefined && { notify }), ...(ret !== undefined && { ret }) };
  // RFC 6009 §6.1, §7.1: who asks for reports gets them.
  const asks = action.notify !== undefined || ret !== undefined || byTime !== undefined;
  const isOwn = sender !== '' && asks;
  const bytes = await redirectedBytes(store, incoming, action.edited);
  return {
    kind: 'redirect',
    sender: isOwn ? address : sender,
    to: action.address,
    head: redirectHead(address),
    blob: {
      id: bytes.blob,
      sizeBytes: bytes.sizeBytes,
      start: returnPathBytes(action.edited?.header ?? stored.header),
    },
    ...(Object.keys(dsn).length > 0 && { dsn }),
  };
}

async function redirectedBytes(store: MailStore, { state, stored }: Incoming, edited: EditedMessage | undefined) {
  if (edited === undefined || !isWhole(stored)) return stored;
  const { space } = state.user;
  return storeMessage(store.context, [space], editedBytes(store, space, stored, edited));
}
