import type { ReadBytes } from '../message/text.ts';
import type { CompiledScript } from './script.ts';

/** What a script may have to know that is not in the message: asked while it runs, answered by who runs it (ADR 9). */
export interface Questions {
  /** Asks nothing: whoever runs the script may let others run before it goes on. */
  readonly pause: { readonly ask: object; readonly answer: undefined };
  /** The bytes of the message; asked at most once, by the first test that looks into the body. */
  readonly content: { readonly ask: object; readonly answer: ReadBytes };
  /** Whether all these mailboxes exist and the user may post to them (RFC 5490 §3.1). */
  readonly 'mailboxes-exist': { readonly ask: { readonly mailboxes: readonly string[] }; readonly answer: boolean };
  /** Mailbox annotations; of the server without a mailbox (RFC 5490 §3.3, §4). */
  readonly metadata: {
    readonly ask: { readonly mailbox: string | undefined; readonly annotation: string };
    readonly answer: string | undefined;
  };
  /** Whether this id was remembered by an earlier run of the user (RFC 7352). The `duplicate` action remembers it. */
  readonly 'seen-before': { readonly ask: { readonly handle: string; readonly id: string }; readonly answer: boolean };
  /** Whether a mailbox, or any mailbox when undefined, has all these special uses (RFC 8579 §4). */
  readonly 'special-use-exists': {
    readonly ask: { readonly mailbox: string | undefined; readonly uses: readonly string[] };
    readonly answer: boolean;
  };
  /** Whether mailboxes with all these ids exist (RFC 9042 §4). */
  readonly 'mailbox-ids-exist': { readonly ask: { readonly ids: readonly string[] }; readonly answer: boolean };
  /** A script to include (RFC 6609 §3.2); undefined when there is none, a text when it cannot be used. */
  readonly script: {
    readonly ask: { readonly location: 'personal' | 'global'; readonly name: string };
    readonly answer: CompiledScript | { readonly unusable: string } | undefined;
  };
  /** Whether one of the values is in one of the lists (RFC 6134 §2.2): the one that is, or undefined. */
  readonly 'in-lists': {
    readonly ask: { readonly lists: readonly string[]; readonly values: readonly string[] };
    readonly answer: string | undefined;
  };
  /** Whether all these lists are there (RFC 6134 §2.5). */
  readonly 'lists-exist': { readonly ask: { readonly lists: readonly string[] }; readonly answer: boolean };
}

export type QuestionKind = keyof Questions;

export type Question = { readonly [K in QuestionKind]: { readonly kind: K } & Questions[K]['ask'] }[QuestionKind];

export type Answer = Questions[QuestionKind]['answer'];

/** A computation that may ask before it gives its result: pure, can wait, can be run again with the same answers. */
export type Answering<T> = Generator<Question, T, Answer>;

/** Answers each kind of question at once. */
export type Answers = {
  readonly [K in Exclude<QuestionKind, 'pause'>]: (
    question: { readonly kind: K } & Questions[K]['ask'],
  ) => Questions[K]['answer'];
};

/** Asks and gives back what was answered; the kind says of which type that is. */
export function* ask<K extends QuestionKind>(kind: K, about: Questions[K]['ask']): Answering<Questions[K]['answer']> {
  // The one place where kind and answer are tied together: TypeScript cannot follow a union through a generator.
  return (yield { kind, ...about } as Question) as Questions[K]['answer'];
}

/** Runs to the end with answers that are at hand. */
export function answerWith<T>(computation: Answering<T>, answers: Answers): T {
  let step = computation.next();
  while (step.done !== true) step = computation.next(answerTo(step.value, answers));
  return step.value;
}

function answerTo(question: Question, answers: Answers): Answer {
  if (question.kind === 'pause') return undefined;
  const answer = answers[question.kind] as (question: Question) => Answer;
  return answer(question);
}
