import { createHash } from 'node:crypto';
import { allValues } from '../message/header.ts';
import type { NotifyAction, RejectAction, VacationAction } from '../sieve/actions.ts';
import { parseMailto } from '../sieve/mailto.ts';
import { deliverOnce } from '../store/claims.ts';
import type { MailStore } from '../store/mail-store.ts';
import { markName, putMark } from '../store/marks.ts';
import { storeMessage } from '../store/messages.ts';
import type { Incoming } from './carry-out.ts';
import { whyNotAnswered, withoutDetail } from './compose/answerable.ts';
import { type Composing, composeNotify, composeVacation } from './compose/answers.ts';
import { composeReject, composeReport } from './compose/report.ts';
import { type Decision, flagsOf, type SendingAction } from './decision.ts';
import { type Outgoing, outgoingLimits } from './outgoing.ts';
import type { Places } from './places.ts';
import { NO_RELAY, redirected } from './send.ts';

/** How a notification is given when the script does not say. */
export type Notifier = 'null' | 'log' | 'mailto';

export interface ResponseOptions {
  /** Our name, in Message-IDs. */
  readonly servername?: string;
  /** Of users that have none. */
  readonly defaultDomain?: string | undefined;
  /** Of the older `notify` without a method (`sievenotifier`). */
  readonly notifier?: Notifier;
  readonly onUnsent?: (unsent: UnsentFact) => void;
  readonly onNotify?: (notification: Notification) => void;
}

export interface UnsentFact {
  readonly recipient: string;
  readonly user: string;
  readonly action: SendingAction['kind'];
  readonly why: string;
}

/** A notification that goes into the log. */
export interface Notification {
  readonly user: string;
  readonly message: string;
  readonly importance: 1 | 2 | 3;
}

/** Sends what scripts send because of a message: each once, however often its delivery is tried (Rule 14). */
export class Responder {
  readonly #store: MailStore;
  readonly #outgoing: Outgoing | undefined;
  readonly #options: ResponseOptions;

  constructor(store: MailStore, outgoing: Outgoing | undefined, options: ResponseOptions = {}) {
    this.#store = store;
    this.#outgoing = outgoing;
    this.#options = options;
  }

  async send(action: SendingAction, incoming: Incoming, places: Places): Promise<void> {
    if (action.kind === 'notify') return this.#notify(action, incoming, places);
    if (this.#outgoing === undefined) return this.tell(incoming, action, NO_RELAY);
    if (action.kind === 'vacation') return this.#vacation(this.#outgoing, action, incoming, places);
    if (action.kind === 'redirect') {
      const message = await redirected(this.#store, incoming, action);
      return this.#outgoing.send(incoming.state.user, incoming, message);
    }
  }

  /** Refuses by a message (RFC 5429 §2.1.2, §2.2.1); false: that cannot be. */
  async reject(action: RejectAction, incoming: Incoming): Promise<boolean> {
    if (this.#outgoing === undefined || incoming.sender === '') return false;
    const composing = this.#composing(incoming, 'reject', incoming.sender);
    await this.#submit(
      this.#outgoing,
      incoming,
      { kind: 'reject', to: incoming.sender },
      composeReject(action, composing),
    );
    return true;
  }

  /** Tells the sender that the message has arrived, or has gone on, where that was asked for (RFC 3461 §5.2.3, §5.2.7.3). */
  async report(incoming: Incoming, { stores, sends }: Decision): Promise<void> {
    const { sender, reports } = incoming;
    if (this.#outgoing === undefined || sender === '' || reports?.notify?.includes('SUCCESS') !== true) return;
    const isSentOn = stores.length === 0 && sends.some(({ kind }) => kind === 'redirect');
    const text = composeReport(
      isSentOn ? 'relayed' : 'delivered',
      reports,
      this.#composing(incoming, 'report', sender),
    );
    await this.#submit(this.#outgoing, incoming, { kind: 'report', to: sender }, text);
  }

  /** Tells that something is not sent. */
  tell({ address, state }: Incoming, { kind }: SendingAction, why: string): void {
    this.#options.onUnsent?.({ recipient: address, user: state.user.name, action: kind, why });
  }

  async #vacation(outgoing: Outgoing, action: VacationAction, incoming: Incoming, places: Places): Promise<void> {
    const { sender, state, deliveryId, stored } = incoming;
    const own = [...this.#ownAddresses(incoming), ...action.addresses];
    const why = whyNotAnswered({ header: stored.header, sender, own });
    if (why !== undefined) return this.tell(incoming, action, why);
    const mark = markName('vacation', action.handle, sender.toLowerCase());
    const untilMs = this.#store.clock.now() + action.seconds * 1000;
    // Of two deliveries at once, one gets the mark; a retry of that one goes on.
    const isOurs = action.seconds === 0 || (await putMark(this.#store, state.user.id, mark, { deliveryId, untilMs }));
    if (!isOurs) return this.tell(incoming, action, 'answered before');
    const message = composeVacation(action, this.#composing(incoming, 'vacation', sender));
    if (message.length > outgoingLimits.composedBytes) return this.tell(incoming, action, 'too long');
    await this.#submit(outgoing, incoming, { kind: 'vacation', to: sender }, message);
    await this.#copy(action, incoming, places, message);
  }

  async #notify(action: NotifyAction, incoming: Incoming, places: Places): Promise<void> {
    const method = action.method ?? this.#options.notifier ?? 'null';
    const { state, stored } = incoming;
    if (method === 'null') return;
    if (method === 'log') {
      const { message = '', importance } = action;
      return this.#options.onNotify?.({ user: state.user.name, message, importance });
    }
    const mailto = parseMailto(method);
    const isOlder = method.toLowerCase() === 'mailto';
    if (mailto === undefined && !isOlder) return this.tell(incoming, action, `no such method: ${method.slice(0, 64)}`);
    if (this.#outgoing === undefined) return this.tell(incoming, action, NO_RELAY);
    // RFC 5436 §2.7: machines that write to each other would not end.
    if (allValues(stored.header, 'auto-submitted').some((value) => !/^\s*no\b/i.test(value))) {
      return this.tell(incoming, action, 'sent by a machine');
    }
    // RFC 5436 §2.6: the message is the subject, whatever the URI says.
    const subject = isOlder ? '[SIEVE] New mail notification' : (action.message ?? mailto?.subject);
    const said = { subject, body: mailto?.body };
    // RFC 5436 §2.7: what cannot be delivered comes back to the user, unless the message itself came from nobody.
    const sender = isOlder || incoming.sender === '' ? '' : this.#composing(incoming, 'notify', '').from;
    const shown = mailto === undefined ? [] : mailto.to;
    const all = mailto === undefined ? action.options : [...mailto.to, ...mailto.cc, ...mailto.bcc];
    for (const to of all.filter(isAddress)) {
      const composing = this.#composing(incoming, 'notify', to);
      const message = composeNotify(action, said, { ...composing, to: shown.length > 0 ? shown.join(', ') : to });
      if (message.length > outgoingLimits.composedBytes) this.tell(incoming, action, 'too long');
      else await this.#submit(this.#outgoing, incoming, { kind: 'notify', sender, to }, message, message);
      await this.#copy(action, incoming, places, message);
    }
  }

  async #submit(
    outgoing: Outgoing,
    incoming: Incoming,
    { kind, to, sender = '' }: { readonly kind: string; readonly to: string; readonly sender?: string },
    head: Buffer,
    tellsApart?: Buffer,
  ): Promise<void> {
    // Two notifications to one address are two, when they say different things.
    const text = tellsApart === undefined ? '' : ` ${hex(tellsApart.subarray(tellsApart.indexOf('\r\n\r\n')))}`;
    // RFC 5230 §5.1: nobody wants to be told of what becomes of an answer from nobody.
    const dsn = sender === '' && { dsn: { notify: 'NEVER' } };
    await outgoing.send(incoming.state.user, incoming, { kind: `${kind}${text}`, sender, to, head, ...dsn });
  }

  /** RFC 8580 §3: a copy of what was sent, once for each delivery. */
  async #copy({ kind, fcc }: VacationAction | NotifyAction, incoming: Incoming, places: Places, message: Buffer) {
    if (fcc === undefined) return;
    const target = (await places.find(fcc)) ?? (fcc.create === true ? await places.create(fcc) : undefined);
    if (target === undefined) return;
    const { blob, sizeBytes } = await storeMessage(this.#store.context, [target.space], message);
    const outcome = await deliverOnce(this.#store, target.mailbox, {
      deliveryId: createHash('sha256').update(`${kind} fcc`).update(incoming.deliveryId).digest(),
      messageKey: undefined,
      suppressMs: 0,
      message: { blob, sizeBytes, internalDate: Math.floor(this.#store.clock.now() / 1000), flags: flagsOf(fcc.flags) },
    });
    if (outcome === 'delivered') this.#store.quota.add(target.quotaRoot, target.space, sizeBytes, 1);
  }

  #composing(incoming: Incoming, kind: string, to: string): Composing {
    const { servername = 'localhost' } = this.#options;
    const timeMs = this.#store.clock.now();
    const id = createHash('sha256').update(`${kind}\0${to}\0`).update(incoming.deliveryId).digest('hex').slice(0, 32);
    const [from = ''] = this.#ownAddresses(incoming);
    const recipient = this.#whole(incoming.address);
    const offsetMinutes = -new Date(timeMs).getTimezoneOffset();
    return { header: incoming.stored.header, to, from, recipient, id, servername, timeMs, offsetMinutes };
  }

  /** The addresses that mean the user, the one that was written to first. */
  #ownAddresses({ address, state }: Incoming): readonly string[] {
    return [...new Set([withoutDetail(address), address, state.user.name].map((one) => this.#whole(one)))];
  }

  #whole(address: string): string {
    const domain = this.#options.defaultDomain ?? this.#options.servername ?? 'localhost';
    return address.includes('@') ? address : `${address}@${domain}`;
  }
}

function isAddress(text: string): boolean {
  return /^[^\s<>@"]+@[^\s<>@"]+$/.test(text);
}

function hex(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}
