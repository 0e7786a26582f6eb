import { once } from 'node:events';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { createTable } from '../../lib/aws/create-table.ts';
import { DynamoDbIndex, type DynamoDbIndexOptions, dynamoDbClient } from '../../lib/aws/index-dynamodb.ts';
import { defaultRetry, retrying } from '../../lib/aws/retry.ts';

// It comes without types.
const dynalite = createRequire(import.meta.url)('dynalite') as (options: { readonly createTableMs: number }) => Server;

/**
 * It answers in the test's own process, and not before that has done with what it asks and hears meanwhile: on a busy machine
 * an answer that is there waits longer for its reader than a store may take.
 */
export const TEST_REQUEST_TIMEOUT_MS = 30_000;

let tables = 0;

export interface TestDynamoDb extends AsyncDisposable {
  readonly endpoint: string;
  readonly options: DynamoDbIndexOptions;
  readonly index: DynamoDbIndex;
}

/** An Index on a table of its own: in a dynalite of its own, or in the store that `CIRRUS_TEST_DYNAMODB` names. */
export async function openTestDynamoDb(): Promise<TestDynamoDb> {
  const given = process.env.CIRRUS_TEST_DYNAMODB;
  const server = given === undefined ? dynalite({ createTableMs: 0 }) : undefined;
  if (server !== undefined) await once(server.listen(0, '127.0.0.1'), 'listening');
  const endpoint = given ?? `http://127.0.0.1:${portOf(server)}`;
  const options: DynamoDbIndexOptions = {
    table: `cirrus-test-${process.pid}-${Date.now()}-${tables++}`,
    client: { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } },
    requestTimeoutMs: TEST_REQUEST_TIMEOUT_MS,
  };
  const client = dynamoDbClient(options);
  await createTable(client, options.table);
  const index = new DynamoDbIndex(options);
  return {
    endpoint,
    options,
    index,
    async [Symbol.asyncDispose]() {
      await index.close();
      const command = new DeleteTableCommand({ TableName: options.table });
      await retrying('delete table', true, defaultRetry, () => client.send(command));
      client.destroy();
      server?.closeAllConnections();
      if (server !== undefined) await new Promise((resolve) => server.close(resolve));
    },
  };
}

function portOf(server: Server | undefined): number {
  const address = server?.address();
  if (typeof address !== 'object' || address === null) throw new Error('dynalite does not listen');
  return address.port;
}
