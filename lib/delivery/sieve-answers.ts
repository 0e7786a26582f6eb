import { setImmediate as turn } from 'node:timers/promises';
import type { ReadBytes } from '../message/text.ts';
import type { Answer, Answering, Question } from '../sieve/question.ts';
import { findCommons } from '../store/commons.ts';
import { StoreError } from '../store/errors.ts';
import type { MailStore } from '../store/mail-store.ts';
import { isMarked, markName } from '../store/marks.ts';
import { metadataOf } from '../store/metadata.ts';
import type { Binding } from '../store/tree-view.ts';
import type { Places } from './places.ts';
import type { RecipientState } from './recipients.ts';
import type { SieveScripts } from './sieve-scripts.ts';

/** Who asks, and where the answers are. */
export interface Asking {
  readonly store: MailStore;
  readonly scripts: SieveScripts;
  readonly state: RecipientState;
  readonly places: Places;
  readonly deliveryId: Buffer;
  /** The bytes of the message, read when first asked for. */
  readonly content: () => Promise<ReadBytes>;
}

/** Runs an evaluation to its end: answers what it asks, and lets others run when it pauses. */
export async function runAnswering<T>(evaluation: Answering<T>, asking: Asking): Promise<T> {
  let step = evaluation.next();
  while (step.done !== true) step = evaluation.next(await answer(step.value, asking));
  return step.value;
}

async function answer(question: Question, asking: Asking): Promise<Answer> {
  const { store, state, places, deliveryId } = asking;
  switch (question.kind) {
    case 'pause':
      return turn(undefined);
    case 'content':
      return asking.content();
    case 'mailboxes-exist':
      return allOf(question.mailboxes, async (mailbox) => (await places.find({ mailbox })) !== undefined);
    case 'metadata':
      return metadata(asking, question.mailbox, question.annotation);
    case 'seen-before':
      return isMarked(store, state.user.id, markName('seen', question.handle, question.id), deliveryId);
    case 'special-use-exists':
      return specialUseExists(asking, question.mailbox, question.uses);
    case 'mailbox-ids-exist': {
      const ids = new Set<string>([...(await places.view()).state.bindings.values()].map(({ mailbox }) => mailbox));
      return question.ids.every((id) => ids.has(id));
    }
    case 'script':
      return included(asking, question.location, question.name);
    case 'in-lists':
      // There are no lists here; nothing is in the default address book (RFC 6134 §2.5).
      return undefined;
    case 'lists-exist':
      return question.lists.every((name) => isDefaultAddressBook(name));
  }
}

/** RFC 6134 §2.5: the one list that must be known, however it is written. */
function isDefaultAddressBook(name: string): boolean {
  const uri = name.replace(/^:/, 'urn:ietf:params:sieve:');
  return decoded(uri)?.toLowerCase() === 'urn:ietf:params:sieve:addrbook:default';
}

/** Without percent-encoding (RFC 3986 §2.1); undefined when it is wrong. */
function decoded(uri: string): string | undefined {
  try {
    return decodeURIComponent(uri);
  } catch {
    return undefined;
  }
}

async function allOf<T>(values: readonly T[], holds: (value: T) => Promise<boolean>): Promise<boolean> {
  for (const value of values) if (!(await holds(value))) return false;
  return true;
}

/** RFC 5490 §3.3, §4.2: an annotation of a mailbox that is not there is not there. */
async function metadata(
  { places }: Asking,
  mailbox: string | undefined,
  annotation: string,
): Promise<string | undefined> {
  const target = mailbox === undefined ? undefined : await places.find({ mailbox });
  if (mailbox !== undefined && target === undefined) return undefined;
  try {
    return (await metadataOf(places.account, target?.path ?? '')).get(annotation);
  } catch (error) {
    if (error instanceof StoreError && ['nonexistent', 'no-permission'].includes(error.code)) return undefined;
    throw error;
  }
}

async function specialUseExists(
  { places }: Asking,
  mailbox: string | undefined,
  uses: readonly string[],
): Promise<boolean> {
  const view = await places.view();
  const has = ({ specialUse }: Binding, use: string): boolean =>
    specialUse.some((one) => one.toLowerCase() === use.toLowerCase());
  if (mailbox === undefined) {
    return uses.every((use) => [...view.state.bindings.values()].some((binding) => has(binding, use)));
  }
  const target = await places.find({ mailbox });
  const binding = target === undefined ? undefined : view.binding(target.path);
  return binding !== undefined && uses.every((use) => has(binding, use));
}

/** RFC 6609 §3.2: the user's own scripts; global ones are those of the account that belongs to nobody. */
async function included(
  { store, scripts, state, places }: Asking,
  location: 'personal' | 'global',
  name: string,
): ReturnType<SieveScripts['at']> {
  const key = name.normalize('NFC');
  if (location === 'personal') {
    const script = (await places.view()).state.scripts.get(key);
    return script && scripts.at(state.user.tree, script.piece);
  }
  const commons = await findCommons(store);
  if (commons === undefined) return undefined;
  const { view } = await store.tree(commons.tree).refresh();
  const script = view.state.scripts.get(key);
  return script && scripts.at(commons.tree, script.piece);
}
