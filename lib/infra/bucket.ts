import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { BlockPublicAccess, BucketEncryption, ObjectOwnership, Bucket as S3Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { PROCESSED } from '../aws/schema.ts';
import { acknowledge } from './findings.ts';

export interface BucketProps {
  readonly recoveryDays: number;
}

/** Where SES lays down what it received. */
export const LANDING = 'ses/';

/** What `ingest` has not taken by then never will be (Rule 15). */
const LANDING_DAYS = 14;
/** What it has taken is kept no longer than anything that nothing refers to (Rule 9). */
const PROCESSED_DAYS = 2;
/** A restored table may name objects that were deleted on the first day it can go back to. */
const VERSIONS_BEYOND_RECOVERY_DAYS = 2;
/** A writer that is not done within 12 hours starts over (Rule 9). */
const UPLOAD_DAYS = 2;

/** The bucket of all blobs: private, versioned, read over TLS, kept when the stack goes. */
export class Bucket extends Construct {
  readonly bucket: S3Bucket;

  constructor(scope: Construct, id: string, props: BucketProps) {
    super(scope, id);
    this.bucket = new S3Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      versioned: true,
      lifecycleRules: [
        {
          id: 'versions',
          noncurrentVersionExpiration: Duration.days(props.recoveryDays + VERSIONS_BEYOND_RECOVERY_DAYS),
          expiredObjectDeleteMarker: true,
        },
        { id: 'uploads', abortIncompleteMultipartUploadAfter: Duration.days(UPLOAD_DAYS) },
        { id: 'processed', prefix: LANDING, tagFilters: PROCESSED, expiration: Duration.days(PROCESSED_DAYS) },
        { id: 'landing', prefix: LANDING, expiration: Duration.days(LANDING_DAYS) },
      ],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    acknowledge(this.bucket, {
      'AwsSolutions-S1':
        'Access logs would cost a write per message read; only the roles of this stack reach the bucket, and CloudTrail data events can be switched on when it is looked into.',
    });
  }
}
