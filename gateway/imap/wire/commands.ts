import type { AnnotationToStore } from './annotation.ts';
import type { ConvertItem } from './convert-item.ts';
import type { FetchItem } from './fetch-item.ts';
import type { MailboxSource } from './mailbox-source.ts';
import type { PartialRange, SearchKey, SearchReturn, SortCriterion } from './search-key.ts';
import type { NumberRange, SequenceSet } from './sequence-set.ts';

/** What STATUS, and LIST RETURN (STATUS ...), can be asked (RFC 9051 §6.3.11, RFC 3501 RECENT, RFC 7162, RFC 8438, RFC 8474, RFC 9208). */
export type StatusItem =
  | 'MESSAGES'
  | 'RECENT'
  | 'UIDNEXT'
  | 'UIDVALIDITY'
  | 'UNSEEN'
  | 'DELETED'
  | 'DELETED-STORAGE'
  | 'SIZE'
  | 'APPENDLIMIT'
  | 'HIGHESTMODSEQ'
  | 'MAILBOXID';

/** The QRESYNC parameter of SELECT (RFC 7162 §3.2.5): what the client knew when it last saw the mailbox. */
export interface Qresync {
  readonly uidValidity: number;
  readonly modSeq: number;
  readonly knownUids: SequenceSet | null;
  /** `seq-match-data`: sequence numbers and the UIDs they had, pairwise. */
  readonly match: { readonly sequence: SequenceSet; readonly uids: SequenceSet } | null;
}

/** Options of GETMETADATA (RFC 5464 §4.2.1, §4.2.2). */
export interface MetadataOptions {
  /** Octets; longer values are not answered. */
  readonly maxSize: number | null;
  /** Levels below the entries that are answered too. */
  readonly depth: number;
}

/**
 * A pattern for mailbox names, or its beginning, in Unicode; `spelled`: in modified UTF-7 that is none by itself, such as
 * `&ZeV*`, to be compared with names as they are spelled on the wire (RFC 3501 §6.3.8).
 */
export type NamePattern = string | { readonly spelled: string };

/** LIST with everything RFC 5258, RFC 5819 and RFC 6154 add; a plain LIST has empty options. */
export interface ListCommand {
  readonly name: 'LIST';
  readonly select: readonly ('SUBSCRIBED' | 'REMOTE' | 'RECURSIVEMATCH' | 'SPECIAL-USE')[];
  readonly reference: NamePattern;
  readonly patterns: readonly NamePattern[];
  readonly returns: readonly ('SUBSCRIBED' | 'CHILDREN' | 'SPECIAL-USE' | 'MYRIGHTS')[];
  readonly status: readonly StatusItem[] | null;
  /** RFC 9590 §3. */
  readonly metadata?: MetadataOptions & { readonly entries: readonly string[] };
  /** Written as an extended LIST (any option, or patterns in parentheses): `LIST "" ""` then has no special meaning. */
  readonly extended: boolean;
}

/** Which mailboxes a group of NOTIFY is about (RFC 5465 §6). */
export type MailboxFilter =
  | { readonly kind: 'selected' | 'selected-delayed' | 'inboxes' | 'personal' | 'subscribed' }
  | { readonly kind: 'subtree' | 'mailboxes'; readonly names: readonly string[] };

/** The events of a group (RFC 5465 §5), in capitals; none: NONE. */
export interface EventGroup {
  readonly filter: MailboxFilter;
  readonly events: ReadonlySet<string>;
  /** What is fetched of new messages. */
  readonly fetch: readonly FetchItem[];
}

/** What URLFETCH is asked of a URL (RFC 5524 §4); nothing of it means the plain answer of RFC 4467. */
export type UrlFetchItem = 'BODY' | 'BINARY' | 'BODYPARTSTRUCTURE';

/** SEARCH, SORT and THREAD share their programme; `returns` null is the plain untagged SEARCH answer. */
export interface SearchProgram {
  readonly uid: boolean;
  /** Upper case as the client named it, or null: then US-ASCII, or UTF-8 once IMAP4rev2 or UTF8=ACCEPT is enabled. */
  readonly charset: string | null;
  readonly key: SearchKey;
}

/** A command as the client meant it: names are Unicode, flags as written, every list checked against its grammar. */
export type ImapCommand =
  | {
      readonly name:
        | 'CAPABILITY'
        | 'NOOP'
        | 'LOGOUT'
        | 'STARTTLS'
        | 'NAMESPACE'
        | 'IDLE'
        | 'CHECK'
        | 'UNAUTHENTICATE'
        | 'CLOSE'
        | 'UNSELECT';
    }
  | { readonly name: 'ID'; readonly params: readonly (readonly [field: string, value: string | null])[] }
  | { readonly name: 'LOGIN'; readonly user: string; readonly password: string }
  | { readonly name: 'AUTHENTICATE'; readonly mechanism: string; readonly initialResponse: Buffer | null }
  // RFC 5465; null is NOTIFY NONE
  | { readonly name: 'NOTIFY'; readonly status: boolean; readonly groups: readonly EventGroup[] | null }
  // RFC 4467
  | { readonly name: 'GENURLAUTH'; readonly rumps: readonly (readonly [url: string, mechanism: string])[] }
  | { readonly name: 'RESETKEY'; readonly mailbox: string | null; readonly mechanisms: readonly string[] }
  | {
      readonly name: 'URLFETCH';
      readonly urls: readonly { readonly text: string; readonly wants: readonly UrlFetchItem[] | null }[];
    }
  // RFC 4978
  | { readonly name: 'COMPRESS'; readonly mechanism: string }
  // RFC 5259
  | { readonly name: 'CONVERSIONS'; readonly from: string; readonly to: string }
  | {
      readonly name: 'CONVERT';
      readonly uid: boolean;
      readonly set: SequenceSet;
      /** The media type, or null: the server's choice. */
      readonly to: string | null;
      /** Names in lower case. */
      readonly params: readonly (readonly [name: string, value: string])[];
      readonly items: readonly ConvertItem[];
    }
  // RFC 5255: no ranges asks which languages there are
  | { readonly name: 'LANGUAGE'; readonly ranges: readonly string[] }
  // RFC 5255: no orders asks which is active
  | { readonly name: 'COMPARATOR'; readonly orders: readonly string[] }
  | { readonly name: 'ENABLE'; readonly capabilities: readonly string[] }
  | {
      readonly name: 'SELECT' | 'EXAMINE';
      readonly mailbox: string;
      readonly condstore: boolean;
      readonly qresync: Qresync | null;
      /** Changes of annotations are told (RFC 5257 §4.2). */
      readonly annotate: boolean;
    }
  | { readonly name: 'CREATE'; readonly mailbox: string; readonly use: readonly string[] }
  | { readonly name: 'DELETE' | 'SUBSCRIBE' | 'UNSUBSCRIBE'; readonly mailbox: string }
  | { readonly name: 'RENAME'; readonly from: string; readonly to: string }
  | ListCommand
  | { readonly name: 'XLIST'; readonly reference: NamePattern; readonly pattern: NamePattern }
  | {
      readonly name: 'LSUB';
      readonly reference: NamePattern;
      readonly pattern: NamePattern;
      /** Names on other servers too: it is RLSUB (RFC 2193 §5.2). */
      readonly remote: boolean;
    }
  | { readonly name: 'STATUS'; readonly mailbox: string; readonly items: readonly StatusItem[] }
  | { readonly name: 'EXPUNGE'; readonly uids: SequenceSet | null }
  | (SearchProgram & { readonly name: 'SEARCH'; readonly returns: readonly SearchReturn[] | null })
  // draft-ietf-mailmaint-imap-uidbatches
  | { readonly name: 'UIDBATCHES'; readonly size: number; readonly batches: NumberRange | null }
  // RFC 5267
  | { readonly name: 'CANCELUPDATE'; readonly tags: readonly string[] }
  // RFC 7377
  | (SearchProgram & {
      readonly name: 'ESEARCH';
      readonly sources: readonly MailboxSource[];
      readonly returns: readonly SearchReturn[];
    })
  | {
      readonly name: 'FETCH';
      readonly uid: boolean;
      readonly set: SequenceSet;
      readonly items: readonly FetchItem[];
      readonly changedSince: number | null;
      readonly vanished: boolean;
      /** Of the messages named only these (RFC 9394 §3.3); of them, those changed since (§3.4). */
      readonly partial: PartialRange | null;
    }
  | {
      readonly name: 'STORE';
      readonly uid: boolean;
      readonly set: SequenceSet;
      readonly unchangedSince: number | null;
      readonly mode: 'replace' | 'add' | 'remove';
      readonly silent: boolean;
      readonly flags: readonly string[];
      /** RFC 5257 §4.5: these instead of flags. */
      readonly annotations: readonly AnnotationToStore[] | null;
    }
  | { readonly name: 'COPY' | 'MOVE'; readonly uid: boolean; readonly set: SequenceSet; readonly mailbox: string }
  // RFC 4314
  | { readonly name: 'GETACL' | 'MYRIGHTS'; readonly mailbox: string }
  | { readonly name: 'DELETEACL' | 'LISTRIGHTS'; readonly mailbox: string; readonly identifier: string }
  | {
      readonly name: 'SETACL';
      readonly mailbox: string;
      readonly identifier: string;
      readonly mode: 'replace' | 'add' | 'remove';
      readonly rights: string;
    }
  // RFC 9208
  | { readonly name: 'GETQUOTA'; readonly root: string }
  | { readonly name: 'GETQUOTAROOT'; readonly mailbox: string }
  | {
      readonly name: 'SETQUOTA';
      readonly root: string;
      readonly limits: readonly (readonly [resource: string, limit: number])[];
    }
  // RFC 5464
  | ({
      readonly name: 'GETMETADATA';
      readonly mailbox: string;
      readonly entries: readonly string[];
    } & MetadataOptions)
  | {
      readonly name: 'SETMETADATA';
      readonly mailbox: string;
      readonly values: readonly (readonly [entry: string, value: string | null])[];
    }
  | {
      readonly name: 'GETANNOTATION';
      readonly pattern: NamePattern;
      readonly entries: readonly string[];
      readonly attributes: readonly string[];
    }
  | {
      readonly name: 'SETANNOTATION';
      readonly pattern: NamePattern;
      readonly values: readonly (readonly [
        entry: string,
        attributes: readonly (readonly [attribute: string, value: string | null])[],
      ])[];
    }
  // RFC 5256
  | (SearchProgram & {
      readonly name: 'SORT';
      readonly returns: readonly SearchReturn[] | null;
      readonly criteria: readonly SortCriterion[];
    })
  | (SearchProgram & { readonly name: 'THREAD'; readonly algorithm: string });

/** APPEND is not in `ImapCommand`: its messages stream, so it is read in steps (append.ts). */
export type ImapCommandName = ImapCommand['name'];
