import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** What a request gets instead of, or besides, its true answer. */
export type Answer =
  | { readonly error: string; readonly status: number; readonly applied?: boolean }
  | { readonly cut: true }
  | { readonly unprocessed: true }
  | { readonly edit: (answer: { readonly Table: object }) => object };

export interface DynamoDbProxy extends AsyncDisposable {
  readonly endpoint: string;
  /** Operations seen so far: `PutItem`, ... */
  readonly seen: string[];
  /** Answers for the next requests, one each. */
  readonly script: Answer[];
}

/** Stands before a store that speaks DynamoDB's protocol and answers some requests as a tired DynamoDB would. */
export async function openDynamoDbProxy(target: string): Promise<DynamoDbProxy> {
  const seen: string[] = [];
  const script: Answer[] = [];
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const body = Buffer.concat(pieces).toString('utf8');
    seen.push(String(request.headers['x-amz-target']).replace(/^.*\./, ''));
    const planned = script.shift();
    if (planned !== undefined && 'error' in planned && planned.applied !== true) return refuse(response, planned);
    if (planned !== undefined && 'unprocessed' in planned)
      return reply(response, JSON.stringify({ Responses: {}, UnprocessedKeys: JSON.parse(body).RequestItems }));
    const headers = Object.entries(request.headers).filter(([name]) =>
      /^(authorization|x-amz|content-type)/.test(name),
    );
    const real = await fetch(target, { method: 'POST', body, headers: headers as [string, string][] });
    const text = await real.text();
    if (planned !== undefined && 'cut' in planned) response.destroy();
    else if (planned !== undefined && 'error' in planned) refuse(response, planned);
    else if (planned !== undefined && 'edit' in planned)
      reply(response, JSON.stringify(planned.edit(JSON.parse(text))), real.status);
    else reply(response, text, real.status);
  }

  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the proxy does not listen');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    seen,
    script,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function refuse(
  response: ServerResponse,
  { error, status }: { readonly error: string; readonly status: number },
): void {
  reply(
    response,
    JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${error}`, message: 'as planned' }),
    status,
  );
}

function reply(response: ServerResponse, text: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(text);
}
