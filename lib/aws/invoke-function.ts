import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { unavailable } from './errors.ts';
import { tunedClient } from './http.ts';
import { defaultRetry, retrying } from './retry.ts';

/** The function has a minute, and starts in a few seconds. */
const REQUEST_TIMEOUT_MS = 70_000;

/** A Lambda function that is asked and answers JSON. */
export interface RemoteFunction {
  /** Repeats what may have been done: the function must not mind. Throws `StoreError('unavailable')`. */
  invoke(request: unknown): Promise<unknown>;
  close(): void;
}

/** Opens the function of that name; `region` '': as AWS_REGION says. */
export function openFunction(name: string, region: string): RemoteFunction {
  const client = new LambdaClient({ ...(region !== '' && { region }), ...tunedClient(REQUEST_TIMEOUT_MS) });
  return {
    async invoke(request) {
      const doing = `Lambda ${name}`;
      return retrying(doing, true, defaultRetry, async () => {
        const command = new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(request)) });
        const { FunctionError, Payload } = await client.send(command);
        const text = Buffer.from(Payload ?? []).toString('utf8');
        if (FunctionError !== undefined) throw unavailable(new Error(text.slice(0, 1000)), doing);
        return JSON.parse(text) as unknown;
      });
    },
    close: () => client.destroy(),
  };
}
