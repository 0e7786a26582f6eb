import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { grantBlobs, grantItems } from './grants.ts';

export interface OperatorsProps {
  readonly table: ITableV2;
  readonly bucket: Bucket;
}

/**
 * What people need who run `cirrus user`, `import`, `doctor` and `restore` where they sit: there a new password is seen by nobody else, while what
 * a task prints is in a log.
 */
export class Operators extends Construct {
  readonly policy: ManagedPolicy;

  constructor(scope: Construct, id: string, { bucket, table }: OperatorsProps) {
    super(scope, id);
    this.policy = new ManagedPolicy(this, 'Policy', { description: 'Commands of Cirrus on its table and bucket' });
    grantItems(this.policy, table, { scan: true });
    grantBlobs(this.policy, bucket, { versions: true });
  }
}
