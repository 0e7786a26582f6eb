import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

export interface QueueMessage {
  readonly queue: string;
  readonly body: string;
  readonly delayS: number;
}

/** As much of SQS's protocol as sending needs. Delays are told and not kept: a queue may always give a message too early. */
export interface TestSqs extends AsyncDisposable {
  readonly endpoint: string;
  /** What waits, oldest first; whoever takes it away has received it. */
  readonly messages: QueueMessage[];
  /** Whether the next requests are refused as too many. */
  throttled: boolean;
}

export async function openTestSqs(): Promise<TestSqs> {
  const messages: QueueMessage[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece);
      const headers = { 'content-type': 'application/x-amz-json-1.0' };
      if (sqs.throttled || request.headers['x-amz-target'] !== 'AmazonSQS.SendMessage') {
        const __type = sqs.throttled ? 'com.amazonaws.sqs#RequestThrottled' : 'com.amazonaws.sqs#UnsupportedOperation';
        response.writeHead(400, headers).end(JSON.stringify({ __type, message: 'no' }));
        return;
      }
      const sent = JSON.parse(Buffer.concat(pieces).toString('utf8'));
      messages.push({ queue: sent.QueueUrl, body: sent.MessageBody, delayS: sent.DelaySeconds ?? 0 });
      const MD5OfMessageBody = createHash('md5').update(sent.MessageBody).digest('hex');
      response.writeHead(200, headers).end(JSON.stringify({ MessageId: `${messages.length}`, MD5OfMessageBody }));
    })();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen');
  const sqs: TestSqs = {
    endpoint: `http://127.0.0.1:${address.port}`,
    messages,
    throttled: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return sqs;
}
