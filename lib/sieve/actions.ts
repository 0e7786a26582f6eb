/** What a run decided, in the order of the script; the last `keep` may be the implicit one. */
export type Action =
  | KeepAction
  | FileIntoAction
  | RedirectAction
  | RejectAction
  | DiscardAction
  | RememberAction
  | VacationAction
  | NotifyAction
  | ProcessCalendarAction;

/** The message as `editheader` or `replace` left it when the action was taken; absent when it is as it came. */
export interface EditedMessage {
  readonly header: Uint8Array;
  /** The body in place of the message's own. */
  readonly body?: Uint8Array;
}

interface Storing {
  /** IMAP flags to set; absent when the script has not said any. */
  readonly flags?: readonly string[];
  readonly edited?: EditedMessage;
}

/** Into the mailbox of the recipient's address (RFC 5228 §4.3). */
export interface KeepAction extends Storing {
  readonly kind: 'keep';
  readonly implicit: boolean;
}

export interface FileIntoAction extends Storing {
  readonly kind: 'fileinto';
  /** Mailbox name in Unicode, with the hierarchy separator the script has used. */
  readonly mailbox: string;
  /** The implicit keep was not cancelled (RFC 3894). */
  readonly copy?: boolean;
  /** Create the mailbox when it is not there (RFC 5490 §3.2). */
  readonly create?: boolean;
  /** A special use, `\Junk`, whose mailbox is taken when there is one (RFC 8579 §4). */
  readonly specialUse?: string;
  /** A mailbox id that is taken when there is one (RFC 9042 §3). */
  readonly mailboxId?: string;
}

export interface RedirectAction {
  readonly kind: 'redirect';
  readonly address: string;
  readonly copy?: boolean;
  readonly edited?: EditedMessage;
  /** Redirect to the addresses of a list; `address` is its name (RFC 6134 §2.3). */
  readonly list?: boolean;
  /** DSN parameters (RFC 6009 §6). */
  readonly notify?: string;
  readonly ret?: string;
  /** DELIVERBY parameters (RFC 6009 §7). */
  readonly byTime?: { readonly seconds: number; readonly mode: string; readonly trace: boolean };
}

export interface RejectAction {
  readonly kind: 'reject';
  readonly reason: string;
  /** Refuse in the protocol, never by a message, when it can be done (RFC 5429 §2.1). */
  readonly early: boolean;
}

export interface DiscardAction {
  readonly kind: 'discard';
}

/** Remember an id once all else succeeded (RFC 7352 §3.4). */
export interface RememberAction {
  readonly kind: 'remember';
  readonly handle: string;
  readonly id: string;
  readonly seconds: number;
  /** Count from the last time it was seen, not the first. */
  readonly last: boolean;
}

/** Answer the sender, unless that is not fit (RFC 5230 §4): whoever acts sees to it. */
export interface VacationAction {
  readonly kind: 'vacation';
  readonly reason: string;
  /** The reason is a whole MIME entity, header and body. */
  readonly mime: boolean;
  readonly subject?: string;
  readonly from?: string;
  /** More addresses of the user. */
  readonly addresses: readonly string[];
  /** One answer to a sender in so many seconds; 0: to every message (RFC 6131 §2). */
  readonly seconds: number;
  /** Answers with the same handle are one: the one that was given, or one made of the arguments (RFC 5230 §4.2). */
  readonly handle: string;
  /** Keep a copy of the answer (RFC 8580 §3). */
  readonly fcc?: Omit<FileIntoAction, 'kind' | 'copy' | 'edited'>;
}

/** Tell somebody of the message (RFC 5435), or by the older `notify` of Cyrus. */
export interface NotifyAction {
  readonly kind: 'notify';
  /** What `denotify` names it by; never with RFC 5435. */
  readonly id?: string;
  /** A URI, `mailto:a@example.com`, or for the older one the name of a method; absent: as configured. */
  readonly method?: string;
  readonly message?: string;
  /** 1: high, 2: normal, 3: low. */
  readonly importance: 1 | 2 | 3;
  readonly from?: string;
  readonly options: readonly string[];
  readonly fcc?: Omit<FileIntoAction, 'kind' | 'copy' | 'edited'>;
}

/** Calendar data were looked for (RFC 9671); there is no calendar, and nothing to do. */
export interface ProcessCalendarAction {
  readonly kind: 'processcalendar';
}

/** Where two actions cannot both be taken, why not (RFC 5429 §2.4, RFC 5230 §4.7, RFC 9671 §4.9); undefined when they can. */
export function conflict(before: readonly Action[], action: Action): string | undefined {
  const isAgain = before.some(({ kind }) => kind === action.kind);
  if (isAgain && action.kind === 'vacation') return 'A message can be answered by "vacation" only once.';
  if (isAgain && action.kind === 'processcalendar') return '"processcalendar" can be used only once.';
  const rejected = before.some(({ kind }) => kind === 'reject');
  if (rejected && action.kind === 'reject') return 'A message can be rejected only once.';
  if (rejected && delivers(action)) return `A message that was rejected cannot take "${action.kind}".`;
  const delivered = before.find(delivers);
  if (action.kind === 'reject' && delivered !== undefined) {
    return `A message cannot be rejected after "${delivered.kind}".`;
  }
  return undefined;
}

function delivers(action: Action): boolean {
  return incompatible.includes(action.kind);
}

/** RFC 5429 §2.4: a rejected message is neither stored, nor sent on, nor answered, nor read as a calendar. */
const incompatible: readonly string[] = ['keep', 'fileinto', 'redirect', 'vacation', 'processcalendar'];
