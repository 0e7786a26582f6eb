import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Recipient, Refusal, RefusalCode } from '../lib/delivery/ports.ts';
import { type FunctionHome, functionHome, settling } from './open.ts';
import { parseReceivedMail, type ReceivedMail } from './received-mail.ts';

/** Refusals that may not be the last word: the message stays in the queue, and in the end among the dead. */
const TEMPORARY: ReadonlySet<RefusalCode> = new Set(['unavailable', 'over-quota']);

/**
 * Delivers what SES received: the message is read from where SES laid it and delivered under SES's id (Rule 13). When all
 * its recipients have it, the object is marked as processed and goes by its lifecycle; until then nothing but 14 days
 * removes it (Rule 15). Records fail one by one.
 */
async function ingest(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const options = { context, throwOnFullBatchFailure: false };
  return processPartialResponse(event, take, new BatchProcessor(EventType.SQS), options);
}

async function take({ body, messageId }: SQSRecord): Promise<void> {
  const home = await functionHome();
  try {
    await deliver(home, parseReceivedMail(body));
  } catch (err) {
    home.log.error({ err, record: messageId }, 'mail from SES is not delivered yet');
    throw err;
  }
}

async function deliver({ blobs, config, delivery, log }: FunctionHome, mail: ReceivedMail): Promise<void> {
  if (mail.bucket !== config.aws_bucket) throw new Error(`mail in the bucket ${mail.bucket}, which is not ours`);
  const found = await Promise.all(mail.recipients.map((address) => delivery.recipient(address)));
  const recipients = found.filter((answer): answer is Recipient => answer.ok);
  const refused = new Map<string, Refusal>();
  for (const [i, answer] of found.entries()) if (!answer.ok) refused.set(mail.recipients[i] ?? '', answer);
  if (recipients.length > 0) {
    const body = await blobs.stream(mail.key);
    if (body === undefined) throw new Error(`there is no object ${mail.key}`);
    const { messageId: identity, sender } = mail;
    const outcomes = await delivery.deliver({ sender, recipients, trace: '', body, identity, isAlone: true });
    for (const [i, outcome] of outcomes.entries()) if (!outcome.ok) refused.set(recipients[i]?.address ?? '', outcome);
  }
  const later = [...refused].filter(([, { code }]) => isTemporary(code, config.lmtp_over_quota_perm_failure));
  if (later.length > 0) throw new Error(later.map(([address, { text }]) => `${address}: ${text}`).join(', '));
  for (const [recipient, { code, text }] of refused) log.warn({ recipient, code, text }, 'mail from SES refused');
  // What somebody did not get may be wanted still. A mark that fails brings the record back, and doubles nothing.
  if (refused.size === 0) await blobs.markProcessed(mail.key);
}

function isTemporary(code: RefusalCode, quotaIsPermanent: boolean): boolean {
  return TEMPORARY.has(code) && !(quotaIsPermanent && code === 'over-quota');
}

export const handler = middy(ingest).use(settling());
