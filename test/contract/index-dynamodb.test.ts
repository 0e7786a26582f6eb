import { openTestDynamoDb } from '../support/dynamodb.ts';
import { indexContract } from './index.contract.ts';

indexContract('DynamoDB index', openTestDynamoDb);
