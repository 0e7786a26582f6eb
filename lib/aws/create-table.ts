import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { TIME_TO_LIVE, tableDefinition } from './schema.ts';

const POLL_MS = 200;
const POLLS = 600;

/** Creates the table if it is not there and waits until it can be used: for tests and for stores that people run. */
export async function createTable(client: DynamoDBClient, table: string): Promise<void> {
  try {
    await client.send(new CreateTableCommand(tableDefinition(table)));
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  for (let poll = 0; ; poll++) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
    if (Table?.TableStatus === 'ACTIVE') break;
    if (poll === POLLS) throw new Error(`table ${table} is ${Table?.TableStatus} after ${(POLLS * POLL_MS) / 1000} s`);
    await sleep(POLL_MS);
  }
  await expireItems(client, table);
}

async function expireItems(client: DynamoDBClient, table: string): Promise<void> {
  try {
    const TimeToLiveSpecification = { AttributeName: TIME_TO_LIVE, Enabled: true };
    await client.send(new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification }));
  } catch (error) {
    // Only saves space (Rule 22): a store that has no TTL, or has it on already, will do.
    const known = error instanceof Error && /^(UnknownOperation|Validation)Exception$/.test(error.name);
    if (!known) throw error;
  }
}
