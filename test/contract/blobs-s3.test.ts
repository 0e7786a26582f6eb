import { describeWithS3, openTestS3 } from '../support/s3.ts';
import { blobsContract } from './blobs.contract.ts';

describeWithS3('S3', () => blobsContract('S3 blobs', openTestS3));
