import type { CirrusProps } from './props.ts';
import type { Queues } from './queues.ts';

/** Environment variables of a process: the configuration's keys (docs/config.md), and names of other resources. */
export type Environment = Readonly<Record<string, string>>;

export interface HomeNames {
  readonly region: string;
  readonly table: string;
  readonly bucket: string;
}

/** Where the AWS home is, for gateways and functions. */
export function homeEnvironment(names: HomeNames, props: CirrusProps): Environment {
  return {
    CIRRUS_HOME: 'aws',
    CIRRUS_AWS_REGION: names.region,
    CIRRUS_AWS_TABLE: names.table,
    CIRRUS_AWS_BUCKET: names.bucket,
    // The function `expire` does, and gateways may not delete messages (Rule 9).
    CIRRUS_SWEEP: 'off',
    ...(props.domain === '' ? {} : { CIRRUS_DEFAULTDOMAIN: props.domain }),
    ...(props.hostName === '' ? {} : { CIRRUS_SERVERNAME: props.hostName }),
  };
}

/** Who sends what scripts send; nobody, unless the props name a relay. */
export function sendingEnvironment({ submit }: Queues, { smtpRelay }: CirrusProps): Environment {
  if (smtpRelay === 'off') return {};
  return { CIRRUS_SMTP_RELAY: smtpRelay, CIRRUS_AWS_SUBMIT_QUEUE: submit.queue.queueUrl };
}
