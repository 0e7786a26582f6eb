/** A message of the queue as SES, SNS and SQS make it. */
export function receivedRecord(
  messageId: string,
  { bucket, id, recipients }: { readonly bucket: string; readonly id: string; readonly recipients: readonly string[] },
) {
  const topicArn = 'arn:aws:sns:eu-west-1:123456789012:received';
  const notification = {
    notificationType: 'Received',
    mail: {
      timestamp: '2026-11-20T10:00:00.000Z',
      source: 'sender@example.org',
      messageId: id,
      destination: recipients,
      headersTruncated: false,
      headers: [{ name: 'Subject', value: id }],
      commonHeaders: { from: ['sender@example.org'], to: recipients, subject: id },
    },
    receipt: {
      timestamp: '2026-11-20T10:00:00.000Z',
      processingTimeMillis: 300,
      recipients,
      spamVerdict: { status: 'PASS' },
      virusVerdict: { status: 'PASS' },
      spfVerdict: { status: 'PASS' },
      dkimVerdict: { status: 'GRAY' },
      dmarcVerdict: { status: 'GRAY' },
      action: { type: 'S3', topicArn, bucketName: bucket, objectKeyPrefix: 'ses/', objectKey: `ses/${id}` },
    },
  };
  const envelope = {
    Type: 'Notification',
    MessageId: `sns-${messageId}`,
    TopicArn: topicArn,
    Subject: 'Amazon SES Email Receipt Notification',
    Message: JSON.stringify(notification),
    Timestamp: '2026-11-20T10:00:00.500Z',
    SignatureVersion: '1',
    Signature: 'EXAMPLE',
  };
  return {
    messageId,
    receiptHandle: `handle-${messageId}`,
    body: JSON.stringify(envelope),
    attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1763632800500' },
    messageAttributes: {},
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:ingest',
    awsRegion: 'eu-west-1',
  };
}
