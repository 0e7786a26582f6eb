import type { MiddlewareObj } from '@middy/core';
import type { S3Blobs } from '../lib/aws/blobs-s3.ts';
import type { SqsJobs } from '../lib/aws/jobs-sqs.ts';
import { openAws } from '../lib/aws/open.ts';
import { type Config, loadConfig } from '../lib/base/config.ts';
import { type Log, openLog } from '../lib/base/log.ts';
import { type ConfiguredStore, storeOfConfig } from '../lib/delivery/of-config.ts';
import { agreeOnFormat } from '../lib/store/format.ts';
import { CollectedHints } from './collected-hints.ts';

/** What a function works on. */
export interface FunctionHome extends ConfiguredStore {
  readonly config: Config;
  readonly log: Log;
  readonly hints: CollectedHints;
  readonly blobs: S3Blobs;
  readonly announcedJobs: SqsJobs | undefined;
}

let opened: Promise<FunctionHome> | undefined;

/** The AWS home of the environment, opened once per process. A failure is not remembered. */
export function functionHome(): Promise<FunctionHome> {
  opened ??= open().catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

async function open(): Promise<FunctionHome> {
  const { config } = loadConfig();
  const log = openLog(config.loglevel);
  const hints = new CollectedHints();
  const home = await openAws(config, { hints, jobs: { onError: (err) => log.error({ err }, 'jobs failed') } });
  await agreeOnFormat(home.index);
  return {
    ...storeOfConfig(home, config, log),
    config,
    log,
    hints,
    blobs: home.blobs,
    announcedJobs: home.announcedJobs,
  };
}

/** Between events a function is put to sleep: what is batched is written before it answers, whatever the answer is. */
export function settling(): MiddlewareObj {
  const settle = async (): Promise<void> => {
    await (await opened)?.store.settle();
  };
  return { after: settle, onError: settle };
}
