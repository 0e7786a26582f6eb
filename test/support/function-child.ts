// Runs a bundled function as Lambda does, one event at a time: a line of JSON in, a line `ANSWER` and JSON out.
// usage: node function-child.ts BUNDLE
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const TIMEOUT_MS = 60_000;
const { handler } = await import(pathToFileURL(process.argv[2] ?? '').href);
for await (const line of createInterface({ input: process.stdin })) {
  const end = Date.now() + TIMEOUT_MS;
  const context = {
    functionName: 'test',
    awsRequestId: 'test',
    functionVersion: '1',
    memoryLimitInMB: '512',
    getRemainingTimeInMillis: () => end - Date.now(),
  };
  let answer: unknown;
  try {
    answer = { value: await handler(JSON.parse(line), context) };
  } catch (error) {
    answer = { error: String(error) };
  }
  console.log(`ANSWER ${JSON.stringify(answer)}`);
}
