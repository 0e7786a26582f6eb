import { Duration, Stack } from 'aws-cdk-lib';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function as LambdaFunction, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { type FunctionName, lambdaCode } from './bundle.ts';
import type { Environment } from './environment.ts';
import { type BucketAccess, grantAnnouncing, grantBlobs, grantItems, type TableAccess } from './grants.ts';
import { FUNCTION_TIMEOUT, type QueuePair, type Queues } from './queues.ts';

export interface FunctionsProps {
  readonly table: ITableV2;
  readonly bucket: Bucket;
  readonly queues: Queues;
  readonly environment: Environment;
  /** Whose addresses SES sends for; '': SES sends nothing. */
  readonly sendingDomain: string;
  readonly logDays: number;
}

interface FunctionProps {
  readonly memoryMiB: number;
  readonly timeout: Duration;
  readonly items?: TableAccess;
  readonly blobs?: BucketAccess;
  readonly description: string;
}

/** What needs no open connection, each with a role of its own. */
export class Functions extends Construct {
  readonly ingest: LambdaFunction;
  readonly deliver: LambdaFunction;
  readonly submit: LambdaFunction;
  readonly expire: LambdaFunction;
  readonly compact: LambdaFunction;
  readonly #props: FunctionsProps;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    this.#props = props;
    const { queues } = props;
    this.ingest = this.#function('ingest', {
      description: 'Delivers what SES received',
      memoryMiB: 512,
      timeout: FUNCTION_TIMEOUT,
      blobs: { landing: true },
    });
    this.deliver = this.#function('deliver', {
      description: 'Delivers batches of a gateway: Sieve and commits',
      memoryMiB: 1024,
      timeout: Duration.minutes(1),
    });
    this.submit = this.#function('submit', {
      description: 'Sends outgoing mail',
      memoryMiB: 512,
      timeout: FUNCTION_TIMEOUT,
    });
    this.expire = this.#function('expire', {
      description: 'Expires and sweeps',
      memoryMiB: 1024,
      timeout: Duration.minutes(15),
      items: { scan: true },
      blobs: { remove: true },
    });
    this.compact = this.#function('compact', {
      description: 'Folds logs into snapshots and does other background work',
      memoryMiB: 1024,
      timeout: FUNCTION_TIMEOUT,
    });
    this.#reads(this.ingest, queues.ingest, 10);
    this.#reads(this.submit, queues.submit, 10);
    this.#reads(this.compact, queues.jobs, 1);
    // `submit` announces again what has to wait, `expire` what the queue has lost.
    for (const producer of [this.ingest, this.deliver, this.submit, this.expire]) grantAnnouncing(producer, queues);
    this.#mayMail();
  }

  /** All functions, by name. */
  get all(): Readonly<Record<FunctionName, LambdaFunction>> {
    const { ingest, deliver, submit, expire, compact } = this;
    return { ingest, deliver, submit, expire, compact };
  }

  #function(name: FunctionName, props: FunctionProps): LambdaFunction {
    const id = `${name[0]?.toUpperCase()}${name.slice(1)}`;
    const logGroup = new LogGroup(this, `${id}Log`, { retention: this.#props.logDays });
    const role = new Role(this, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const lambda = new LambdaFunction(this, id, {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: lambdaCode(name),
      memorySize: props.memoryMiB,
      timeout: props.timeout,
      environment: { ...this.#props.environment, NODE_OPTIONS: '--enable-source-maps' },
      loggingFormat: LoggingFormat.JSON,
      logGroup,
      role,
    });
    logGroup.grantWrite(role);
    grantItems(role, this.#props.table, props.items);
    grantBlobs(role, this.#props.bucket, props.blobs);
    return lambda;
  }

  /** Failed messages go back one by one, not with their batch. */
  #reads(lambda: LambdaFunction, { queue }: QueuePair, batchSize: number): void {
    lambda.addEventSource(new SqsEventSource(queue, { batchSize, reportBatchItemFailures: true }));
  }

  #mayMail(): void {
    const { sendingDomain } = this.#props;
    if (sendingDomain === '') return;
    const identity = Stack.of(this).formatArn({
      service: 'ses',
      resource: 'identity',
      resourceName: sendingDomain,
    });
    this.submit.addToRolePolicy(
      new PolicyStatement({ actions: ['ses:SendEmail', 'ses:SendRawEmail'], resources: [identity] }),
    );
  }
}
