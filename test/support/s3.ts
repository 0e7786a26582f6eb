import { CreateBucketCommand, DeleteBucketCommand } from '@aws-sdk/client-s3';
import { describe } from 'vitest';
import { S3Blobs, type S3BlobsOptions, s3Client } from '../../lib/aws/blobs-s3.ts';
import { defaultRetry, retrying } from '../../lib/aws/retry.ts';
import { debianPackages, missingPrograms } from '../../scripts/debian-packages.ts';
import { TEST_REQUEST_TIMEOUT_MS } from './dynamodb.ts';
import { rgwEndpoint } from './rgw.ts';
import { RGW_KEY, RGW_SECRET } from './rgw-keys.ts';

const given = process.env.CIRRUS_TEST_S3;
let buckets = 0;

/** `describe` for tests that need an S3 server; without one they are skipped, and the title says why. In CI they fail. */
export function describeWithS3(title: string, tests: () => void): void {
  if (given !== undefined || missingPrograms(['radosgw']).length === 0) return void describe(title, tests);
  const reason = `no S3 server: apt-get install ${debianPackages.radosgw.join(' ')}, or set CIRRUS_TEST_S3`;
  if (process.env.CI) throw new Error(reason);
  describe.skip(`${title} (${reason})`, tests);
}

export interface TestS3 extends AsyncDisposable {
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly options: S3BlobsOptions;
  readonly blobs: S3Blobs;
}

/** Blobs in a bucket of their own: in the Ceph RGW of this test run, or in the server that `CIRRUS_TEST_S3` names. */
export async function openTestS3(): Promise<TestS3> {
  // Test files run in processes forked by the one that is the run.
  const endpoint = given ?? (await rgwEndpoint(process.ppid));
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
  const own = { accessKeyId: AWS_ACCESS_KEY_ID ?? 'test', secretAccessKey: AWS_SECRET_ACCESS_KEY ?? 'test' };
  const credentials = given === undefined ? { accessKeyId: RGW_KEY, secretAccessKey: RGW_SECRET } : own;
  const options: S3BlobsOptions = {
    bucket: `cirrus-test-${process.pid}-${Date.now()}-${buckets++}`,
    client: { endpoint, region: 'us-east-1', credentials, forcePathStyle: true },
    requestTimeoutMs: TEST_REQUEST_TIMEOUT_MS,
  };
  const client = s3Client(options);
  await client.send(new CreateBucketCommand({ Bucket: options.bucket }));
  const blobs = new S3Blobs(options);
  return {
    endpoint,
    credentials,
    options,
    blobs,
    async [Symbol.asyncDispose]() {
      for (;;) {
        const page = await blobs.list('');
        await blobs.deleteMany(page.blobs.map(({ key }) => key));
        if (page.next === undefined) break;
      }
      // Its connection may have been idle for so long that the server gives it up just now.
      const command = new DeleteBucketCommand({ Bucket: options.bucket });
      await retrying('delete bucket', true, defaultRetry, () => client.send(command));
      client.destroy();
      await blobs.close();
    },
  };
}
