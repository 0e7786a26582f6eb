import { SESv2Client, type SESv2ClientConfig, SendEmailCommand } from '@aws-sdk/client-sesv2';
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
/** It may take it once somebody has done something about the account. */
const LATER = new Set([
  'AccountSuspendedException',
  'LimitExceededException',
  'MailFromDomainNotVerifiedException',
  'NotFoundException',
  'SendingPausedException',
]);

export interface SesOutboxOptions {
  /** Region, credentials, endpoint: what the SDK's own sources do not say. */
  readonly client?: Pick<SESv2ClientConfig, 'credentials' | 'endpoint' | 'region'>;
}

/**
 * The Outbox port on SES, by SendEmail with the message as it is. The envelope sender is ours when there is one; for the null
 * reverse-path SES takes the From field and an address of its own. DSN parameters are SES's own business.
 */
export class SesOutbox implements Outbox {
  readonly #client: SESv2Client;

  constructor({ client }: SesOutboxOptions = {}) {
    this.#client = new SESv2Client({ ...client, ...tunedClient(REQUEST_TIMEOUT_MS) });
  }

  async submit({ sender, recipients, message }: OutgoingMail): Promise<void> {
    const command = new SendEmailCommand({
      ...(sender !== '' && { FromEmailAddress: sender }),
      Destination: { ToAddresses: [...recipients] },
      Content: { Raw: { Data: await collected(message) } },
    });
    try {
      // A request without an answer may have sent: that is tried again by its job alone, later.
      await retrying('SES', false, defaultRetry, () => this.#client.send(command));
    } catch (error) {
      throw translated(error);
    }
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }
}

async function collected(message: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
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

function translated(error: unknown): unknown {
  if (error instanceof StoreError || !(error instanceof Error)) return error;
  if (FINAL.has(error.name)) return new StoreError('cannot', `SES: ${error.message}`.slice(0, 500), { cause: error });
  return LATER.has(error.name) ? unavailable(error, 'SES') : error;
}
