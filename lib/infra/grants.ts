import { Stack } from 'aws-cdk-lib';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket, CfnBucket } from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import { CHECKPOINTS, HOLDERS, MESSAGES, PIECES, SHARED_MESSAGES } from '../store/keys.ts';
import { LANDING } from './bucket.ts';
import { acknowledge } from './findings.ts';
import type { Queues } from './queues.ts';

/** What a role may do with items: what the index's adapter asks for, and only the sweep reads all of them. */
export interface TableAccess {
  readonly scan?: boolean;
}

/** What a role may do with blobs. Only the sweep deletes messages (Rule 9); pieces and checkpoints go when others replace them. */
export interface BucketAccess {
  readonly remove?: boolean;
  readonly landing?: boolean;
  /** To bring back what was deleted; no version is removed for it. */
  readonly versions?: boolean;
}

const ITEM_ACTIONS = [
  'dynamodb:BatchGetItem',
  'dynamodb:DeleteItem',
  'dynamodb:DescribeTable',
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:Query',
  'dynamodb:UpdateItem',
];

/** A role, or a policy that people attach. */
type Holder = IGrantable & IConstruct;

/** Where blobs are, and why a role needs all that is there. */
const BLOBS: Readonly<Record<string, string>> = {
  [MESSAGES]:
    'Messages are named by random ids below this prefix; every account is served by every gateway and function.',
  [PIECES]: 'Pieces of snapshots are named by random ids below this prefix; every mailbox is served by all.',
  [SHARED_MESSAGES]: 'Messages to several accounts are named by random ids below this prefix.',
  [HOLDERS]: 'Who holds a message to very many accounts is named as the message, by a random id below this prefix.',
  [CHECKPOINTS]: 'Checkpoints are named by random ids below this prefix; those of every account are written by all.',
};

/** What whoever replaces it takes away. */
const REPLACED: readonly string[] = [PIECES, CHECKPOINTS];

/** Lets the role read and write items of the table. */
export function grantItems(holder: Holder, table: ITableV2, access: TableAccess = {}): void {
  const actions = access.scan === true ? [...ITEM_ACTIONS, 'dynamodb:Scan'] : ITEM_ACTIONS;
  allow(holder, actions, table.tableArn);
}

/** Lets the role read and put blobs, below the prefixes where blobs are. */
export function grantBlobs(holder: Holder, bucket: Bucket, access: BucketAccess = {}): void {
  const actions = ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'];
  if (access.versions === true) actions.push('s3:GetObjectVersion');
  for (const [prefix, reason] of Object.entries(BLOBS)) {
    const removes = access.remove === true || REPLACED.includes(prefix);
    grantPrefix(holder, bucket, prefix, removes ? [...actions, 's3:DeleteObject'] : actions, reason);
  }
  if (access.landing === true) {
    const reason = 'SES names what it received; ingest reads all of it, and marks what is done.';
    grantPrefix(holder, bucket, LANDING, ['s3:GetObject', 's3:PutObjectTagging'], reason);
  }
  if (access.versions === true) allow(holder, ['s3:ListBucketVersions'], bucket.bucketArn);
  if (access.remove === true) allow(holder, ['s3:ListBucketMultipartUploads'], bucket.bucketArn);
  // Without it an absent object is "forbidden", not "not there"; a condition on the prefix would bring that back.
  allow(holder, ['s3:ListBucket'], bucket.bucketArn);
}

/** Lets the role tell the function `submit` of outgoing mail. */
export function grantAnnouncing({ grantPrincipal }: IGrantable, { submit }: Queues): void {
  const resources = [submit.queue.queueArn];
  grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources }));
}

function grantPrefix(holder: Holder, bucket: Bucket, prefix: string, actions: string[], reason: string): void {
  const objects = `${prefix}*`;
  allow(holder, actions, bucket.arnForObjects(objects));
  const name = Stack.of(bucket).getLogicalId(bucket.node.defaultChild as CfnBucket);
  acknowledge(holder, { [`AwsSolutions-IAM5[Resource::<${name}.Arn>/${objects}]`]: reason });
}

function allow({ grantPrincipal }: Holder, actions: string[], resource: string): void {
  grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions, resources: [resource] }));
}
