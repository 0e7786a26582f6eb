import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

/**
 * One table holds everything that changes (docs/store.md, Layout). Both keys are binary; what they spell is made in
 * `lib/store/keys.ts`. Attributes are numbers (N) and bytes (B) under the short names the store gives them.
 */
export const PARTITION_KEY = 'pk';
export const SORT_KEY = 'sk';
/** Seconds since 1970 after which DynamoDB may drop the item. Nothing depends on it (Rule 22). */
export const TIME_TO_LIVE = 'x';

/** Tags of an object of SES that is delivered (Rule 15). */
export const PROCESSED: Readonly<Record<string, string>> = { cirrus: 'processed' };

/** The table as CreateTable takes it: on demand, no indexes, no streams. */
export function tableDefinition(table: string): CreateTableCommandInput {
  return {
    TableName: table,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: PARTITION_KEY, AttributeType: 'B' },
      { AttributeName: SORT_KEY, AttributeType: 'B' },
    ],
    KeySchema: [
      { AttributeName: PARTITION_KEY, KeyType: 'HASH' },
      { AttributeName: SORT_KEY, KeyType: 'RANGE' },
    ],
  };
}
