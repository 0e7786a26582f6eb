import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { z } from 'zod';
import { outboxOfConfig } from '../lib/outbox/of-config.ts';
import type { Outbox } from '../lib/store/ports.ts';
import { functionHome, settling } from './open.ts';

const notice = z.object({ kind: z.literal('submit'), id: z.string() });

let outbox: Promise<Outbox | undefined> | undefined;

/**
 * Sends the outgoing mail that the queue's messages name, once however often they come (Rule 14). Mail that has to wait is announced
 * again, and given up as {@link Outgoing} says; a message of the queue fails only where that cannot be done.
 */
async function submit(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const options = { context, throwOnFullBatchFailure: false };
  return processPartialResponse(event, send, new BatchProcessor(EventType.SQS), options);
}

async function send({ body, messageId }: SQSRecord): Promise<void> {
  const { config, log, outgoing } = await functionHome();
  try {
    outbox ??= outboxOfConfig(config);
    const relay = await outbox;
    if (outgoing === undefined || relay === undefined) throw new Error('smtp_relay is off: nothing can be sent');
    await outgoing.sendQueued(relay, notice.parse(JSON.parse(body)));
  } catch (err) {
    log.error({ err, record: messageId }, 'outgoing mail is not sent yet');
    throw err;
  }
}

export const handler = middy(submit).use(settling());
