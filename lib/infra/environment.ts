import type { CirrusProps } from './props.ts';

/** What gateways and functions are told: the configuration's keys (docs/config.md) as environment variables. */
export type Environment = Readonly<Record<string, string>>;

export interface HomeNames {
  readonly region: string;
  readonly table: string;
  readonly bucket: string;
  readonly jobsQueue: string;
  readonly submitQueue: string;
}

/** Where the AWS home is. */
export function homeEnvironment(names: HomeNames, props: CirrusProps): Environment {
  return {
    CIRRUS_HOME: 'aws',
    CIRRUS_AWS_REGION: names.region,
    CIRRUS_AWS_TABLE: names.table,
    CIRRUS_AWS_BUCKET: names.bucket,
    CIRRUS_AWS_JOBS_QUEUE: names.jobsQueue,
    CIRRUS_AWS_SUBMIT_QUEUE: names.submitQueue,
    // The function `expire` does, and gateways may not delete (Rule 9).
    CIRRUS_SWEEP: 'off',
    ...(props.domain === '' ? {} : { CIRRUS_DEFAULTDOMAIN: props.domain }),
    ...(props.hostName === '' ? {} : { CIRRUS_SERVERNAME: props.hostName }),
  };
}
