import { decodeWords } from '../message/encoded-word.ts';
import { firstValue } from '../message/header.ts';

/** A message that has come, in words. */
export interface NewMail {
  readonly user: string;
  readonly mailbox: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
}

/** Of a field in the log: whoever sends the message decides how long it is. */
export const LOGGED_CHARACTERS = 250;

/** What a header says of it. */
export function newMail(user: string, mailbox: string, header: Uint8Array): NewMail {
  const text = (name: string): string => decodeWords(firstValue(header, name) ?? '').slice(0, LOGGED_CHARACTERS);
  return { user, mailbox, from: text('from'), to: text('to'), subject: text('subject') };
}
