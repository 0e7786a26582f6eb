import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { DynamoDbIndex } from '../../lib/aws/index-dynamodb.ts';
import type { Index } from '../../lib/store/ports.ts';
import type { Costs } from './counting-index.ts';
import { openTestDynamoDb } from './dynamodb.ts';

export interface MeteredDynamoDb extends AsyncDisposable {
  readonly index: Index;
}

/** Operations of DynamoDB, as {@link Costs} names them. */
const NAMES: Readonly<Record<string, readonly ['read' | 'write', string]>> = {
  GetItem: ['read', 'get'],
  BatchGetItem: ['read', 'batchGet'],
  Query: ['read', 'query'],
  Scan: ['read', 'scan'],
  PutItem: ['write', 'put'],
  DeleteItem: ['write', 'delete'],
  UpdateItem: ['write', 'add'],
};

interface Consumed {
  readonly CapacityUnits?: number;
}

/** An Index on a table of its own whose requests are counted on the wire, with the units that the store says they took. */
export async function openMeteredDynamoDb(costs: Costs): Promise<MeteredDynamoDb> {
  const dynamo = await openTestDynamoDb();
  const server = createServer((request, response) => {
    forward(dynamo.endpoint, request, costs)
      .then(({ status, text }) =>
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(text),
      )
      .catch(() => response.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the meter does not listen');
  const endpoint = `http://127.0.0.1:${address.port}`;
  const index = new DynamoDbIndex({ ...dynamo.options, client: { ...dynamo.options.client, endpoint } });
  return {
    index,
    async [Symbol.asyncDispose]() {
      await index.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await dynamo[Symbol.asyncDispose]();
    },
  };
}

async function forward(target: string, request: IncomingMessage, costs: Costs) {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  const asked = JSON.parse(Buffer.concat(pieces).toString('utf8')) as object;
  // The signature is not checked by what stands in for DynamoDB here: the body may be another one.
  const body = JSON.stringify({ ...asked, ReturnConsumedCapacity: 'TOTAL' });
  const headers = Object.entries(request.headers).filter(([name]) => /^(authorization|x-amz|content-type)/.test(name));
  const answer = await fetch(target, { method: 'POST', body, headers: headers as [string, string][] });
  const text = await answer.text();
  const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '');
  const [kind, name] = NAMES[operation] ?? [];
  if (kind !== undefined && name !== undefined) costs.consumed(kind, name, unitsOf(text));
  return { status: answer.status, text };
}

/** A refused condition says nothing, and costs at least one unit. */
function unitsOf(text: string): number {
  const { ConsumedCapacity } = JSON.parse(text) as { ConsumedCapacity?: Consumed | Consumed[] };
  if (ConsumedCapacity === undefined) return 1;
  const each = Array.isArray(ConsumedCapacity) ? ConsumedCapacity : [ConsumedCapacity];
  return each.reduce((sum, { CapacityUnits }) => sum + (CapacityUnits ?? 0), 0);
}
