import { expect, it } from 'vitest';
import { runFunctionKills } from '../kills/function-kill-run.ts';
import { describeWithS3 } from '../support/s3.ts';

describeWithS3('gateways and functions on the AWS home', () => {
  it('100 kills of gateways and 100 of functions under load lose and double nothing that was acknowledged', async () => {
    const done = await runFunctionKills(100, Date.now() % 100_000);
    console.log(`kills of gateways and functions: ${JSON.stringify(done)}`);
    expect(done.found).toBeGreaterThanOrEqual(done.acknowledged);
    // Each way in was in use.
    expect(done.ingested).toBeGreaterThan(20);
    expect(done.acknowledged - done.ingested).toBeGreaterThan(20);
  });
});
