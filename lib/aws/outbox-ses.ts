import { SESv2Client, type SESv2ClientConfig, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { isBelow, sentFrom } from '../message/sent-from.ts';
import { StoreError } from '../store/errors.ts';
import type { Outbox, OutgoingMail } from '../store/ports.ts';
import { unavailable } from './errors.ts';
import { tunedClient } from './http.ts';
import { defaultRetry, retrying } from './retry.ts';

/** SES takes no longer message. */
export const SES_MESSAGE_BYTES = 40 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 60_000;

/** SES will not take the message as it is: its sender is not verified, or it is no mail. */
const FINAL = new Set(['BadRequestException', 'MessageRejected']);
/** What MessageRejected says of an identity, of us or (in the sandbox) of the recipient, that somebody has yet to verify. */
const NOT_VERIFIED = /\bnot verified\b/i;
/** It may take it once somebody has done something about the account. */
const LATER = new Set([
  'AccountSuspendedException',
  'LimitExceededException',
  'MailFromDomainNotVerifiedException',
  'NotFoundException',
  'SendingPausedException',
]);

export interface SesOutboxOptions {
  /** An address of a verified domain, for what is from elsewhere; without one that goes as it is, and SES refuses it. */
  readonly sender?: string;
  /** Region, credentials, endpoint: what the SDK's own sources do not say. */
  readonly client?: Pick<SESv2ClientConfig, 'credentials' | 'endpoint' | 'region'>;
}

/**
 * The Outbox port on SES, by SendEmail. What is from elsewhere is sent from `sender`. The envelope sender is ours when there is one; for the null
 * reverse-path SES takes the From field and an address of its own. DSN parameters are SES's own business.
 */
export class SesOutbox implements Outbox {
  readonly #client: SESv2Client;
  readonly #sender: string | undefined;

  constructor({ client, sender }: SesOutboxOptions = {}) {
    this.#sender = sender;
    this.#client = new SESv2Client({ ...client, ...tunedClient(REQUEST_TIMEOUT_MS) });
  }

  async submit({ sender, recipients, message }: OutgoingMail): Promise<void> {
    const whole = await collected(message);
    const own = this.#sender;
    // The envelope has to be ours as the header is.
    const from = own === undefined || sender === '' || isBelow(sender, own) ? sender : own;
    const command = new SendEmailCommand({
      ...(from !== '' && { FromEmailAddress: from }),
      Destination: { ToAddresses: [...recipients] },
      Content: { Raw: { Data: own === undefined ? whole : sentFrom(whole, own) } },
    });
    try {
      // A request without an answer may have sent: that is tried again by its job alone, later.
      await retrying('SES', false, defaultRetry, () => this.#client.send(command));
    } catch (error) {
      throw translated(error, own !== undefined);
    }
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }
}

async function collected(message: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of message) {
    sizeBytes += piece.length;
    if (sizeBytes > SES_MESSAGE_BYTES) {
      throw new StoreError('cannot', `SES: the message is larger than ${SES_MESSAGE_BYTES / 1024 ** 2} MiB`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces, sizeBytes);
}

/** `ours`: the sender is an address of ours in any case, so that one which SES does not know yet may be known later. */
function translated(error: unknown, ours: boolean): unknown {
  if (error instanceof StoreError || !(error instanceof Error)) return error;
  if (ours && error.name === 'MessageRejected' && NOT_VERIFIED.test(error.message)) return unavailable(error, 'SES');
  if (FINAL.has(error.name)) return new StoreError('cannot', `SES: ${error.message}`.slice(0, 500), { cause: error });
  return LATER.has(error.name) ? unavailable(error, 'SES') : error;
}
