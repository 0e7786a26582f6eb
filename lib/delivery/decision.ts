import type {
  EditedMessage,
  NotifyAction,
  RedirectAction,
  RejectAction,
  RememberAction,
  VacationAction,
} from '../sieve/actions.ts';
import type { SieveProblem } from '../sieve/problem.ts';
import { type FlagNames, parseFlagNames } from '../store/flag-names.ts';
import type { Target } from './places.ts';

/** One copy of the message to be put into a mailbox. */
export interface Storing {
  readonly target: Target;
  readonly flags: FlagNames;
  /** The message as the script has changed it. */
  readonly edited?: EditedMessage;
}

/** What is sent because of a message. */
export type SendingAction = RedirectAction | VacationAction | NotifyAction | RejectAction;

/** What becomes of a message for one recipient. */
export interface Decision {
  /** None: the message is discarded, or only sent on. */
  readonly stores: readonly Storing[];
  readonly sends: readonly SendingAction[];
  readonly remembers: readonly RememberAction[];
  /** The sender is told so; nothing is stored or sent. */
  readonly refusal?: RejectAction;
  /** Why the script did not come to its end. */
  readonly failure?: SieveProblem;
}

export const NO_FLAGS: FlagNames = { system: 0, keywords: [] };

/** The keyword of mail that a script could not treat as it says; Cyrus has the same. */
export const SIEVE_FAILED = '$SieveFailed';

/** Mail without a script, or with one that keeps. */
export function keptIn(target: Target, flags: FlagNames = NO_FLAGS): Decision {
  return { stores: [{ target, flags }], sends: [], remembers: [] };
}

/** The flags that there are; a name that no flag can have is left out (RFC 5232 §2). */
export function flagsOf(names: readonly string[] = []): FlagNames {
  return names.filter(isFlag).reduce((flags, name) => united(flags, parseFlagNames([name])), NO_FLAGS);
}

function isFlag(name: string): boolean {
  return /^(\\(answered|flagged|deleted|seen|draft)|[!#$&'+,\-.0-9:;<=>?@A-Z[^_`a-z|}~]{1,200})$/i.test(name);
}

/** What either has. */
export function united(a: FlagNames, b: FlagNames): FlagNames {
  const keywords = new Map([...a.keywords, ...b.keywords].map((name) => [name.toLowerCase(), name]));
  return { system: a.system | b.system, keywords: [...keywords.values()] };
}
