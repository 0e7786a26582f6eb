import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { z } from 'zod';
import type { Id } from '../lib/base/ids.ts';
import { StoreError } from '../lib/store/errors.ts';
import { functionHome, settling } from './open.ts';

const request = z.object({ kind: z.literal('compact'), mailbox: z.string().regex(/^[0-9a-f]{32}$/) });

/** Folds the logs of the mailboxes that the queue's messages name (Rule 7). Any number may do so at once. */
async function compact(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const options = { context, throwOnFullBatchFailure: false };
  return processPartialResponse(event, fold, new BatchProcessor(EventType.SQS), options);
}

async function fold({ body, messageId }: SQSRecord): Promise<void> {
  const { log, store } = await functionHome();
  try {
    const { mailbox } = request.parse(JSON.parse(body));
    await store.mailbox(mailbox as Id).compact();
  } catch (err) {
    // Deleted meanwhile: there is nothing to fold.
    if (err instanceof StoreError && err.code === 'gone') return;
    log.error({ err, record: messageId }, 'a log is not folded yet');
    throw err;
  }
}

export const handler = middy(compact).use(settling());
