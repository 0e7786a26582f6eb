import { networkInterfaces } from 'node:os';
import type { Config } from '../base/config.ts';
import { IndexJobs, type IndexJobsOptions } from '../jobs/jobs-index.ts';
import type { Hints, Index, Jobs } from '../store/ports.ts';
import { S3Blobs, type S3BlobsOptions, s3Client } from './blobs-s3.ts';
import { checkBucket, checkTable } from './check-home.ts';
import { hintsKey } from './hints-key.ts';
import { openTcpHints } from './hints-tcp.ts';
import { DynamoDbIndex, type DynamoDbIndexOptions, dynamoDbClient } from './index-dynamodb.ts';
import { SqsJobs } from './jobs-sqs.ts';

/** The ports on a table and a bucket. */
export interface Aws {
  readonly index: Index;
  readonly blobs: S3Blobs;
  readonly hints: Hints;
  readonly jobs: Jobs;
  /** The same, where a queue tells functions of some; undefined: there is none. */
  readonly announcedJobs: SqsJobs | undefined;
  /** Ends jobs, hints and the connections, in that order. */
  close(): Promise<void>;
}

/** Which table and bucket, where. */
export type AwsSettings = Pick<
  Config,
  'aws_region' | 'aws_table' | 'aws_bucket' | 'aws_dynamodb_endpoint' | 'aws_s3_endpoint'
> &
  Partial<Pick<Config, 'aws_submit_queue'>>;

export interface AwsOptions {
  readonly jobs?: IndexJobsOptions;
  /** Where other gateways send hints to, or who takes those of this process to them. Default: any free port. */
  readonly hints?: HintsAddress | Hints;
  /** How long one request may take until its answer begins. Default: as the adapters have it, 5 s. */
  readonly requestTimeoutMs?: number;
}

/** IPv4; without a host: the first address of this machine that is not its own alone. Port 0: any that is free. */
export interface HintsAddress {
  readonly host?: string | undefined;
  readonly port: number;
}

/** For servers of one's own, which do not care. */
const ANY_REGION = 'us-east-1';

/**
 * Opens the AWS home, or what speaks its protocols: table and bucket are looked at first, and nothing is made. Any number of
 * processes may have it open. Throws `StoreError` with a sentence for people.
 */
export async function openAws(settings: AwsSettings, options: AwsOptions = {}): Promise<Aws> {
  const { requestTimeoutMs } = options;
  const patience = requestTimeoutMs === undefined ? {} : { requestTimeoutMs };
  const index = new DynamoDbIndex({ ...dynamoDbOptions(settings), ...patience });
  const blobs = new S3Blobs({ ...s3Options(settings), ...patience });
  try {
    await check(settings);
    const hints = await openHints(index, options.hints);
    const stored = new IndexJobs(index, options.jobs);
    const announcedJobs = announced(stored, settings);
    const jobs = announcedJobs ?? stored;
    const close = async (): Promise<void> => {
      await jobs.close();
      await hints.close();
      await blobs.close();
      await index.close();
    };
    return { index, blobs, hints, jobs, announcedJobs, close };
  } catch (error) {
    await blobs.close();
    await index.close();
    throw error;
  }
}

async function check(settings: AwsSettings): Promise<void> {
  const dynamoDb = dynamoDbClient(dynamoDbOptions(settings));
  const s3 = s3Client(s3Options(settings));
  try {
    await checkTable(dynamoDb, settings.aws_table);
    await checkBucket(s3, settings.aws_bucket);
  } finally {
    dynamoDb.destroy();
    s3.destroy();
  }
}

async function openHints(index: Index, hints: HintsAddress | Hints = { port: 0 }): Promise<Hints> {
  if ('send' in hints) return hints;
  return openTcpHints({ host: hints.host ?? ownAddress(), port: hints.port, key: await hintsKey(index) });
}

function announced(jobs: IndexJobs, settings: AwsSettings): SqsJobs | undefined {
  const { aws_submit_queue: submit = '' } = settings;
  return submit === '' ? undefined : new SqsJobs(jobs, { queues: { submit }, client: regionOf(settings, '') });
}

function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  // 169.254: where a container finds its own metadata; nobody else reaches it there.
  const outer = all.find(
    ({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('169.254.'),
  );
  return outer?.address ?? '127.0.0.1';
}

function dynamoDbOptions(settings: AwsSettings): DynamoDbIndexOptions {
  const { aws_table: table, aws_dynamodb_endpoint: endpoint } = settings;
  return { table, client: { ...regionOf(settings, endpoint), ...(endpoint !== '' && { endpoint }) } };
}

function s3Options(settings: AwsSettings): S3BlobsOptions {
  const { aws_bucket: bucket, aws_s3_endpoint: endpoint } = settings;
  const own = endpoint !== '' && { endpoint, forcePathStyle: true };
  return { bucket, client: { ...regionOf(settings, endpoint), ...own } };
}

function regionOf({ aws_region: region }: AwsSettings, endpoint: string): { readonly region?: string } {
  if (region !== '') return { region };
  return endpoint === '' || process.env.AWS_REGION !== undefined ? {} : { region: ANY_REGION };
}
