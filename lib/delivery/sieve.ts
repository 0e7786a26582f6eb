import type { Summary } from '../message/summary.ts';
import type { ReadBytes } from '../message/text.ts';
import type { Action, EditedMessage, FileIntoAction } from '../sieve/actions.ts';
import { evaluate } from '../sieve/evaluate.ts';
import { type SieveLimits, sieveLimits } from '../sieve/limits.ts';
import type { SieveEnvironment } from '../sieve/message.ts';
import type { CompiledScript } from '../sieve/script.ts';
import type { FlagNames } from '../store/flag-names.ts';
import type { MailStore } from '../store/mail-store.ts';
import { decodeTreeExtra } from '../store/tree-view.ts';
import { type Decision, flagsOf, keptIn, SIEVE_FAILED, type Storing, united } from './decision.ts';
import type { Places, Target } from './places.ts';
import type { Client, MessageReports, RecipientReports } from './ports.ts';
import type { RecipientState } from './recipients.ts';
import { runAnswering } from './sieve-answers.ts';
import { SieveScripts, type Usable } from './sieve-scripts.ts';
import { type VerdictFields, verdictsOf } from './verdicts.ts';

/** What a configuration says of scripts. */
export interface SieveOptions {
  /** Our name, and the domain that it is in or serves, for the `environment` test. */
  readonly servername?: string;
  readonly domain?: string;
  /** Whether a mailbox that a script files into is made when it is not there. */
  readonly makesFolders?: boolean;
  /** The same for these alone. */
  readonly madeFolders?: readonly string[];
  /** Where a message says whether it is spam or a virus. */
  readonly verdicts?: VerdictFields;
  readonly limits?: Partial<SieveLimits>;
}

/** A message as scripts see it. */
export interface SieveInput {
  readonly summary: Summary;
  /** The header block, as far as it is kept. */
  readonly header: Uint8Array;
  readonly sizeBytes: number;
  readonly sender: string;
  /** The recipient's address. */
  readonly recipient: string;
  readonly deliveryId: Buffer;
  readonly content: () => Promise<ReadBytes>;
  /** Who has handed the message in. */
  readonly client?: Client | undefined;
  /** What the sender has said of reports. */
  readonly reports?: (MessageReports & RecipientReports) | undefined;
  /** What an IMAP command has done, where no message is delivered (RFC 6785). */
  readonly event?: SieveEvent;
}

export interface SieveEvent {
  readonly cause: 'APPEND' | 'COPY' | 'FLAG';
  /** Where it happened, as the owner names it. */
  readonly mailbox: string;
  /** Flags that were set or reset. */
  readonly changedFlags: readonly string[];
  /** Who gave the command, and that user's address. */
  readonly user: string;
  readonly email: string;
  /** What the message has now. */
  readonly flags: readonly string[];
}

/** Runs the active scripts of recipients, and finds the mailboxes that they mean. */
export class SieveRunner {
  readonly scripts: SieveScripts;
  readonly #store: MailStore;
  readonly #options: SieveOptions;

  constructor(store: MailStore, options: SieveOptions = {}) {
    this.#store = store;
    this.#options = options;
    this.scripts = new SieveScripts(store);
  }

  /** What the recipient's script makes of a message; `keep` is where the address itself puts it. */
  async decide(state: RecipientState, places: Places, keep: Target, input: SieveInput): Promise<Decision> {
    const usable = await this.#active(state);
    if (usable === undefined) return keptIn(keep);
    if ('unusable' in usable) {
      return { ...failed(places), failure: { line: 1, column: 1, message: usable.unusable } };
    }
    return this.evaluated(usable, state, places, keep, input);
  }

  /** What that script makes of it. */
  async evaluated(
    script: CompiledScript,
    state: RecipientState,
    places: Places,
    keep: Target,
    input: SieveInput,
  ): Promise<Decision> {
    const { header, sizeBytes, deliveryId, content } = input;
    const message = { header, root: input.summary.structure, sizeBytes };
    const evaluation = evaluate(script, message, this.#environment(input), {
      limits: { ...deliveryLimits, ...this.#options.limits },
    });
    const asking = { store: this.#store, scripts: this.scripts, state, places, deliveryId, content };
    const { actions, failure } = await runAnswering(evaluation, asking);
    if (failure !== undefined) return { ...failed(places), failure };
    return this.#decision(actions, places, keep, input.event);
  }

  /** The active script: told by the tree's head, so that most recipients cost no further read. */
  async #active({ user, treeHead }: RecipientState): Promise<Usable | undefined> {
    const { script } = decodeTreeExtra(treeHead.extra);
    if (script === undefined) return undefined;
    const there = await this.scripts.at(user.tree, script);
    if (there !== undefined) return there;
    // Rule 11: replaced since the head was read, or lost.
    const { head } = await this.#store.tree(user.tree).refresh();
    const { script: newest } = decodeTreeExtra(head.extra);
    if (newest === undefined) return undefined;
    return (await this.scripts.at(user.tree, newest)) ?? { unusable: 'The text of the active script is lost.' };
  }

  #environment({ sender, recipient, header, client, reports = {}, event }: SieveInput): SieveEnvironment {
    const nowMs = this.#store.clock.now();
    const { servername, domain, verdicts } = this.#options;
    return {
      envelope: { from: sender, to: recipient, parts: reportParts(reports) },
      nowMs,
      zoneMinutes: -new Date(nowMs).getTimezoneOffset(),
      detailSeparator: '+',
      items: new Map([
        ['name', 'Cirrus'],
        ['location', event === undefined ? 'MDA' : 'MS'],
        ['phase', event === undefined ? 'during' : 'post'],
        ...(servername === undefined ? [] : [['host', servername] as const]),
        ...(domain === undefined ? [] : [['domain', domain] as const]),
        ...(client === undefined ? [] : clientItems(client)),
        ...(event === undefined ? [] : eventItems(event)),
      ]),
      ...(verdicts && verdictsOf(header, verdicts)),
      ...(event && { imapEvent: true, flags: event.flags }),
    };
  }

  async #decision(actions: readonly Action[], places: Places, keep: Target, event?: SieveEvent): Promise<Decision> {
    const flagsGiven = (given = event?.flags): FlagNames => flagsOf(given);
    const stores = new Map<string, Storing>();
    // RFC 5232 §3: of two lists of flags for one mailbox the last counts; that something failed stays.
    const put = (target: Target, flags: FlagNames, edited: EditedMessage | undefined): void => {
      const isFailed = stores.get(target.mailbox)?.flags.keywords.includes(SIEVE_FAILED) === true;
      stores.set(target.mailbox, {
        target,
        flags: isFailed ? united(flags, FAILED) : flags,
        ...(edited && { edited }),
      });
    };
    const decision = { sends: [] as Decision['sends'][number][], remembers: [] as Decision['remembers'][number][] };
    for (const action of actions) {
      switch (action.kind) {
        case 'keep': {
          // The implicit keep comes with no list of flags: those of a copy in the same mailbox stay.
          const isSilent = action.implicit && action.flags === undefined;
          const copied = isSilent ? stores.get(keep.mailbox)?.flags : undefined;
          put(keep, copied ?? flagsGiven(action.flags), action.edited);
          break;
        }
        case 'fileinto': {
          const target = await this.#folder(action, places);
          const flags = flagsGiven(action.flags);
          if (target !== undefined) put(target, flags, action.edited);
          else put(event === undefined ? places.inbox : keep, united(flags, FAILED), action.edited);
          break;
        }
        case 'reject':
          return { stores: [], sends: [], remembers: [], refusal: action };
        case 'remember':
          decision.remembers.push(action);
          break;
        case 'redirect':
        case 'vacation':
        case 'notify':
          decision.sends.push(action);
          break;
        default:
          break;
      }
    }
    return { stores: [...stores.values()], ...decision };
  }

  /** The mailbox of a fileinto; undefined: there is none, and none is made. */
  async #folder(action: FileIntoAction, places: Places): Promise<Target | undefined> {
    const there = await places.find(action);
    if (there !== undefined) return there;
    const { makesFolders, madeFolders = [] } = this.#options;
    const makes = action.create === true || makesFolders === true || madeFolders.includes(action.mailbox);
    return makes ? places.create(action) : undefined;
  }
}

/** RFC 6009 §4: parts of the envelope that the sender has given. */
function reportParts({
  notify,
  orcpt,
  ret,
  envid,
}: MessageReports & RecipientReports): ReadonlyMap<string, readonly string[]> {
  const given = Object.entries({ notify, orcpt, ret, envid });
  return new Map(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, [value].flat()] as const])));
}

/** RFC 5183 §4.1: the name that the client gave, if it can be that of a host; an address as in RFC 5321 §4.1.3. */
function clientItems({ name, address }: Client): readonly (readonly [string, string])[] {
  const host = /^(?=.*\.)[A-Za-z0-9.-]+$/.test(name) ? name : '';
  const ip = address.includes(':') ? `IPv6:${address}` : address;
  return [['remote-host', host], ...(ip === '' ? [] : [['remote-ip', ip] as const])];
}

/** RFC 6785 §4.1 to §4.5 */
function eventItems(event: SieveEvent): readonly (readonly [string, string])[] {
  return [
    ['imap.user', event.user],
    ['imap.email', event.email],
    ['imap.cause', event.cause],
    ['imap.mailbox', event.mailbox],
    ['imap.changedflags', event.changedFlags.join(' ')],
  ];
}

/**
 * A delivery waits for its script, and the MTA for the delivery: steps for a thousand rules, or a look at some 12 MB. What
 * needs more is not mail filtering.
 */
export const deliveryLimits = { steps: sieveLimits.steps / 5 } as const;

const FAILED: FlagNames = { system: 0, keywords: [SIEVE_FAILED] };

/** RFC 5228 §2.10.6: a script that fails keeps the message, where it cannot be overlooked. */
export function failed(places: Places): Decision {
  return keptIn(places.inbox, FAILED);
}
