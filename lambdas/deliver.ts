import middy from '@middy/core';
import type { DeliverAnswer, DeliverRequest } from '../lib/delivery/remote.ts';
import { functionHome, settling } from './open.ts';

/**
 * Delivers messages that a gateway has stored: runs the scripts and commits. One that was delivered before is not delivered
 * again (Rule 13), so that the gateway may ask twice.
 */
async function deliver({ mails }: DeliverRequest): Promise<DeliverAnswer> {
  const { delivery, hints } = await functionHome();
  hints.take();
  const delivered = await Promise.all(mails.map((mail) => delivery.deliverStored(mail)));
  return { delivered, hints: hints.take() };
}

export const handler = middy(deliver).use(settling());
