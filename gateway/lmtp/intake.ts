import type { Delivered, Refusal } from '../../lib/delivery/ports.ts';
import { LineEndings } from '../../lib/message/line-endings.ts';
import { ReturnPathFilter } from '../../lib/message/return-path-filter.ts';
import { StoreError } from '../../lib/store/errors.ts';
import { Body } from './body.ts';
import type { Context, Envelope } from './context.ts';
import { traceHeaders } from './trace.ts';

type Outcome = { readonly answers: readonly Delivered[] } | { readonly error: unknown };

/** A message on its way from the client into delivery, which runs beside the session from the first octet on. */
export class Intake {
  readonly #context: Context;
  readonly #envelope: Envelope;
  readonly #body = new Body();
  readonly #endings = new LineEndings();
  readonly #filter = new ReturnPathFilter();
  readonly #outcome: Promise<Outcome>;
  #sizeBytes = 0;

  private constructor(context: Context, envelope: Envelope) {
    this.#context = context;
    this.#envelope = envelope;
    this.#outcome = this.#deliver();
  }

  /** Starts to deliver to the recipients of the envelope. */
  static begin(context: Context, envelope: Envelope): Intake {
    return new Intake(context, envelope);
  }

  /** Whether the message is larger than allowed; what is still taken is thrown away. */
  get tooBig(): boolean {
    const { maxMessageBytes } = this.#context.options;
    return maxMessageBytes > 0 && this.#sizeBytes > maxMessageBytes;
  }

  /** As far as it was received, after line endings were put right. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Takes the next octets; waits while delivery lags behind. */
  async take(octets: Buffer): Promise<void> {
    const piece = this.#endings.push(octets);
    this.#sizeBytes += piece.length;
    if (this.tooBig) this.#body.fail(new Error('the message is too big'));
    else await this.#body.push(this.#filter.push(piece));
  }

  /** The message will not be completed: nobody gets it. Settles when delivery has let go of it. */
  async cut(reason: string): Promise<void> {
    this.#body.fail(new Error(reason));
    await this.#outcome;
  }

  /** The message is complete: what became of it, for each recipient in order. */
  async finish(): Promise<readonly Delivered[]> {
    await this.#body.push(this.#filter.end());
    this.#body.end();
    const { recipients } = this.#envelope;
    const outcome = await this.#outcome;
    if (this.tooBig) return recipients.map(() => this.tooBigRefusal());
    const problem = 'error' in outcome ? this.#refusalOf(outcome.error) : undefined;
    const answers = 'answers' in outcome ? outcome.answers : [];
    if (problem === undefined && answers.length !== recipients.length) {
      const mismatch = new Error(`${answers.length} answers for ${recipients.length} recipients`);
      const refusal = this.#refusalOf(mismatch);
      return recipients.map(() => refusal);
    }
    return problem === undefined ? answers : recipients.map(() => problem);
  }

  /** What the sender of a message that is too big is told. */
  tooBigRefusal(): Refusal {
    const { maxMessageBytes } = this.#context.options;
    const text = `Message size (${this.#sizeBytes}) exceeds fixed maximum message size (${maxMessageBytes})`;
    return { ok: false, code: 'too-big', text };
  }

  async #deliver(): Promise<Outcome> {
    const { options, connection, client } = this.#context;
    const { sender, recipients, utf8, reports } = this.#envelope;
    const timeMs = options.clock.now();
    const { remoteAddress } = connection;
    const trace = traceHeaders({
      sender,
      // With several, none may learn of the others.
      recipient: recipients.length === 1 ? recipients[0]?.address : undefined,
      client: client ?? 'unknown',
      remoteAddress,
      servername: options.servername,
      tlsInfo: connection.tlsInfo,
      authenticated: this.#context.isAuthenticated,
      utf8,
      timeMs,
      offsetMinutes: -new Date(timeMs).getTimezoneOffset(),
    });
    try {
      const from = { name: client ?? '', address: remoteAddress };
      const transaction = { sender, recipients, trace, body: this.#body, client: from, reports };
      return { answers: await options.delivery.deliver(transaction) };
    } catch (error) {
      return { error };
    } finally {
      // The rest is received all the same: the client sends it, and only then listens.
      this.#body.abandon();
    }
  }

  #refusalOf(error: unknown): Refusal {
    if (error instanceof StoreError && error.code === 'unavailable') {
      // What a failing disk said names paths: it is for the log.
      this.#context.log.error({ err: error }, 'delivery failed');
      return { ok: false, code: 'unavailable', text: 'Temporary failure, try again later' };
    }
    return { ok: false, code: 'unavailable', text: this.#context.internalError(error) };
  }
}
