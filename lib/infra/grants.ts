import { Stack } from 'aws-cdk-lib';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket, CfnBucket } from 'aws-cdk-lib/aws-s3';
import { MESSAGES, PIECES, SHARED_MESSAGES } from '../store/keys.ts';
import { LANDING } from './bucket.ts';
import { acknowledge } from './findings.ts';

/** What a role may do with items: what the index's adapter asks for, and only the sweep reads all of them. */
export interface TableAccess {
  readonly scan?: boolean;
}

/** What a role may do with blobs. Only the sweep deletes (Rule 9). */
export interface BucketAccess {
  readonly remove?: boolean;
  readonly landing?: boolean;
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

/** Where blobs are, and why a role needs all that is there. */
const BLOBS: Readonly<Record<string, string>> = {
  [MESSAGES]:
    'Messages are named by random ids below this prefix; every account is served by every gateway and function.',
  [PIECES]: 'Pieces of snapshots are named by random ids below this prefix; every mailbox is served by all.',
  [SHARED_MESSAGES]: 'Messages to several accounts are named by random ids below this prefix.',
};

/** Lets the role read and write items of the table. */
export function grantItems(role: IRole, table: ITableV2, access: TableAccess = {}): void {
  const actions = access.scan === true ? [...ITEM_ACTIONS, 'dynamodb:Scan'] : ITEM_ACTIONS;
  role.addToPrincipalPolicy(new PolicyStatement({ actions, resources: [table.tableArn] }));
}

/** Lets the role read and put blobs, below the prefixes where blobs are. */
export function grantBlobs(role: IRole, bucket: Bucket, access: BucketAccess = {}): void {
  const actions = ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'];
  if (access.remove === true) actions.push('s3:DeleteObject');
  for (const [prefix, reason] of Object.entries(BLOBS)) grantPrefix(role, bucket, prefix, actions, reason);
  if (access.landing === true) {
    grantPrefix(role, bucket, LANDING, ['s3:GetObject'], 'SES names what it received; ingest reads all of it.');
  }
  // Without it an absent object is "forbidden", not "not there"; a condition on the prefix would bring that back.
  role.addToPrincipalPolicy(new PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] }));
}

function grantPrefix(role: IRole, bucket: Bucket, prefix: string, actions: string[], reason: string): void {
  const objects = `${prefix}*`;
  role.addToPrincipalPolicy(new PolicyStatement({ actions, resources: [bucket.arnForObjects(objects)] }));
  const name = Stack.of(bucket).getLogicalId(bucket.node.defaultChild as CfnBucket);
  acknowledge(role, { [`AwsSolutions-IAM5[Resource::<${name}.Arn>/${objects}]`]: reason });
}
