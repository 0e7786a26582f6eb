import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { ReceiptRuleSet, TlsPolicy } from 'aws-cdk-lib/aws-ses';
import { S3 } from 'aws-cdk-lib/aws-ses-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { LANDING } from './bucket.ts';

export interface InboundMailProps {
  readonly domain: string;
  readonly bucket: Bucket;
  readonly queue: IQueue;
}

/** SES lays the message into the bucket, says so with the envelope to a topic, and the queue of `ingest` hears it. */
export class InboundMail extends Construct {
  readonly ruleSet: ReceiptRuleSet;

  constructor(scope: Construct, id: string, props: InboundMailProps) {
    super(scope, id);
    const topic = new Topic(this, 'Received', { enforceSSL: true });
    const account = Stack.of(this).account;
    topic.addToResourcePolicy(
      new PolicyStatement({
        actions: ['sns:Publish'],
        principals: [new ServicePrincipal('ses.amazonaws.com')],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'AWS:SourceAccount': account } },
      }),
    );
    topic.addSubscription(new SqsSubscription(props.queue));
    this.ruleSet = new ReceiptRuleSet(this, 'Rules');
    this.ruleSet.addRule('Store', {
      recipients: [props.domain],
      scanEnabled: true,
      tlsPolicy: TlsPolicy.OPTIONAL,
      actions: [new S3({ bucket: props.bucket, objectKeyPrefix: LANDING, topic })],
    });
  }
}
