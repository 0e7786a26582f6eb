/**
 * Why a request to the store cannot be granted: the closed list that every protocol maps once (CONTRIBUTING.md, rule 7).
 * The text is user interface: it names what was given and what is allowed.
 */
export type StoreErrorCode =
  | 'nonexistent' /* no such mailbox, or none that the user may look up */
  | 'already-exists'
  | 'cannot' /* the name or the operation is not allowed here, whoever asks */
  | 'special-use' /* there is no such use, or another mailbox has it (RFC 6154 §3) */
  | 'no-permission'
  | 'over-quota'
  | 'too-many' /* a named limit: messages, mailboxes, keywords, depth */
  | 'too-big'
  | 'in-use'
  | 'has-children'
  | 'gone' /* the mailbox was deleted under the session */
  | 'expunged' /* the message is not there any more */
  | 'unavailable' /* the world is unwell: try again */
  | 'format'; /* stored by a newer version: refuse, never skip, never write (Rule 23) */

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, text: string, options?: ErrorOptions) {
    super(text, options);
    this.code = code;
  }
}

/** What the handler of a job throws that knows better than the usual back-off: run again after `delayMs`, or never. */
export class JobPostponed extends Error {
  override readonly name = 'JobPostponed';
  readonly delayMs: number | 'never';

  constructor(delayMs: number | 'never', text: string, options?: ErrorOptions) {
    super(text, options);
    this.delayMs = delayMs;
  }
}
