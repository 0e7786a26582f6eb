/**
 * The client spoke badly: answered `BAD`, never logged as a fault. `message` is safe to send as resp-text: printable
 * US-ASCII that says what was expected and where, and repeats nothing the client sent.
 */
export class BadSyntax extends Error {
  override readonly name = 'BadSyntax';
  /** The tag to answer under, or null when not even that was readable (`* BAD`). */
  readonly tag: string | null;

  constructor(message: string, tag: string | null = null) {
    super(message);
    this.tag = tag;
  }
}
