import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/**
 * What every client of the SDK is made with: connections kept open, requests that end (after `requestTimeoutMs` without an
 * answer), no retries of the SDK's own: it would repeat what `retrying` must not.
 */
export function tunedClient(requestTimeoutMs: number): {
  readonly maxAttempts: number;
  readonly requestHandler: NodeHttpHandler;
} {
  return {
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: 1000,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: new HttpAgent({ keepAlive: true, maxSockets: 256 }),
      httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: 256 }),
    }),
  };
}
