import { IndexJobs } from '../../lib/jobs/jobs-index.ts';
import { openTestDynamoDb } from '../support/dynamodb.ts';
import { jobsContract } from './jobs.contract.ts';

jobsContract('jobs in DynamoDB', async () => {
  const database = await openTestDynamoDb();
  const members: IndexJobs[] = [];
  return {
    async join() {
      const member = new IndexJobs(database.index, { pollMs: 20, retryMs: () => 1 });
      members.push(member);
      return member;
    },
    async [Symbol.asyncDispose]() {
      for (const member of members) await member.close();
      await database[Symbol.asyncDispose]();
    },
  };
});
