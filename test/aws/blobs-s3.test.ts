import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { S3Blobs, s3Client } from '../../lib/aws/blobs-s3.ts';
import { describeWithS3, openTestS3 } from '../support/s3.ts';

const MB = 1024 * 1024;

/** Passes everything on and counts it; cuts the answer to the next request that `lose` picks, once the server has given it. */
async function openProxy(target: string) {
  const picks: ((method: string, url: string) => boolean)[] = [];
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    seen.push(method);
    const lost = picks[0]?.(method, url) === true;
    if (lost) picks.shift();
    const onward = httpRequest(`${target}${url}`, { method, headers }, (answer) => {
      if (lost) {
        answer.resume().on('end', () => response.destroy());
        return;
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the proxy does not listen');
  return {
    port: address.port,
    picks,
    /** Methods of all requests, in order. */
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function* parts(count: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield Buffer.alloc(MB, i);
}

describeWithS3('what S3 blobs cost', () => {
  test('one request to put up to 8 MB, and one for every 4 MB that are streamed', async () => {
    await using store = await openTestS3();
    await using proxy = await openProxy(store.endpoint);
    const client = { ...store.options.client, endpoint: `http://127.0.0.1:${proxy.port}` };
    const blobs = new S3Blobs({ ...store.options, client });
    const requests = async (run: () => Promise<unknown>): Promise<string[]> => {
      proxy.seen.length = 0;
      await run();
      return [...proxy.seen];
    };
    const streamed = async (key: string): Promise<number> => {
      let bytes = 0;
      for await (const chunk of (await blobs.stream(key)) ?? []) bytes += chunk.length;
      return bytes;
    };
    expect(await requests(() => blobs.put('a/small', Buffer.from('x')))).toEqual(['PUT']);
    expect(await requests(() => blobs.put('a/eight', parts(8)))).toEqual(['PUT']);
    expect(await requests(() => blobs.get('a/small'))).toEqual(['GET']);
    expect(await requests(() => blobs.get('a/eight', { start: 5, end: 4 * MB }))).toEqual(['GET']);
    expect(await requests(async () => expect(await streamed('a/eight')).toBe(8 * MB))).toEqual(['GET', 'GET']);
    const large = ['HEAD', 'POST', 'PUT', 'PUT', 'PUT', 'POST'];
    expect(await requests(() => blobs.put('a/parts', parts(20)))).toEqual(large);
    await blobs.close();
  });
});

describeWithS3('S3 blobs, when S3 is unwell', () => {
  test('a put whose answer was lost has created its object, and knows it (Rule 3)', async () => {
    await using store = await openTestS3();
    await using proxy = await openProxy(store.endpoint);
    const client = { ...store.options.client, endpoint: `http://127.0.0.1:${proxy.port}` };
    const blobs = new S3Blobs({ ...store.options, client, retry: { attempts: 4, firstDelayMs: 1, longestDelayMs: 4 } });
    proxy.picks.push((method) => method === 'PUT');
    expect(await blobs.put('a/small', Buffer.from('x'))).toEqual({ created: true, sizeBytes: 1 });
    proxy.picks.push((method, url) => method === 'POST' && url.includes('uploadId='));
    expect(await blobs.put('a/large', parts(18))).toEqual({ created: true, sizeBytes: 18 * MB });
    expect(proxy.picks).toEqual([]);
    expect((await blobs.put('a/large', parts(18))).created).toBe(false);
    await blobs.close();
  });

  test('a large body that throws leaves no object and no parts', async () => {
    await using store = await openTestS3();
    async function* torn(): AsyncGenerator<Uint8Array> {
      yield* parts(20);
      throw new Error('the client went away');
    }
    await expect(store.blobs.put('a/torn', torn())).rejects.toThrow('the client went away');
    expect(await store.blobs.info('a/torn')).toBeUndefined();
    const client = s3Client(store.options);
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: store.options.bucket }));
    expect(Uploads).toEqual([]);
    client.destroy();
  });

  test('a server that is not there, and a bucket that is not', async () => {
    await using store = await openTestS3();
    const retry = { attempts: 2, firstDelayMs: 1, longestDelayMs: 1 };
    const nowhere = new S3Blobs({
      ...store.options,
      retry,
      client: { ...store.options.client, endpoint: 'http://127.0.0.1:1' },
    });
    await expect(nowhere.get('a/b')).rejects.toMatchObject({ code: 'unavailable' });
    const bucketless = new S3Blobs({ ...store.options, retry, bucket: 'no-such-bucket' });
    await expect(bucketless.get('a/b')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(bucketless.put('a/b', Buffer.from('x'))).rejects.toMatchObject({ code: 'unavailable' });
    await Promise.all([nowhere.close(), bucketless.close()]);
  });
});
