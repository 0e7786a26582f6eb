import { Duration } from 'aws-cdk-lib';
import { QueueEncryption, Queue as SqsQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './findings.ts';

/** A function has this long; what it takes from a queue stays hidden six times as long, as Lambda asks. */
export const FUNCTION_TIMEOUT = Duration.minutes(5);
const VISIBILITY = Duration.seconds(6 * FUNCTION_TIMEOUT.toSeconds());
/** SES waits 14 days for us (Rule 15), and so does everything else. */
const RETENTION = Duration.days(14);
const TRIES = 10;

/** A queue, and where goes what has failed ten times. */
export interface QueuePair {
  readonly queue: SqsQueue;
  readonly dead: SqsQueue;
}

/** Background work, mail that SES received, and outgoing mail. */
export class Queues extends Construct {
  readonly jobs = this.#pair('Jobs');
  readonly ingest = this.#pair('Ingest');
  readonly submit = this.#pair('Submit');

  #pair(name: string): QueuePair {
    const common = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, retentionPeriod: RETENTION };
    const dead = new SqsQueue(this, `${name}Dead`, common);
    acknowledge(dead, { 'AwsSolutions-SQS3': 'It is itself where failed messages of the other queue go.' });
    const queue = new SqsQueue(this, name, {
      ...common,
      visibilityTimeout: VISIBILITY,
      deadLetterQueue: { queue: dead, maxReceiveCount: TRIES },
    });
    return { queue, dead };
  }
}
