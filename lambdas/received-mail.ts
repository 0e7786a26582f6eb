import { z } from 'zod';

const envelope = z.object({ Type: z.literal('Notification'), Message: z.string() });

const notification = z.object({
  notificationType: z.literal('Received'),
  mail: z.object({ messageId: z.string().min(1), source: z.string() }),
  receipt: z.object({
    recipients: z.array(z.string()).min(1),
    action: z.object({ type: z.literal('S3'), bucketName: z.string(), objectKey: z.string() }),
  }),
});

/** Mail that SES has laid into the bucket. */
export interface ReceivedMail {
  readonly messageId: string;
  /** Reverse-path; '' is the null reverse-path. */
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly bucket: string;
  readonly key: string;
}

/** Reads a message of the queue: SNS's envelope around SES's notification. Throws when it is neither. */
export function parseReceivedMail(body: string): ReceivedMail {
  const { mail, receipt } = notification.parse(JSON.parse(envelope.parse(JSON.parse(body)).Message));
  return {
    messageId: mail.messageId,
    // SES writes a null reverse-path as <>, or as its own bounce address.
    sender: mail.source.replace(/^<(.*)>$/, '$1'),
    recipients: [...new Set(receipt.recipients)],
    bucket: receipt.action.bucketName,
    key: receipt.action.objectKey,
  };
}
