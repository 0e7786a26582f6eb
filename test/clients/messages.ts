import { randomUUID } from 'node:crypto';

/** A message as people send them: two parts, several charsets, lines that begin with dots; each has a Message-ID of its own. */
export function message(subject: string): Buffer {
  const attachment = Buffer.from(Array.from({ length: 600 }, (_, i) => (i * 37) % 256)).toString('base64');
  const lines = [
    'Date: Fri, 20 Nov 2026 10:11:12 +0100',
    'From: =?utf-8?q?J=C3=B6rg?= <joerg@example.com>',
    'To: Tux <tux@example.com>',
    `Subject: ${subject}`,
    `Message-ID: <${randomUUID()}@example.com>`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="=-="',
    '',
    'This is a multi-part message.',
    '--=-=',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    'Grüße aus München,',
    '.',
    '..two dots, then a line with one more',
    '.hidden',
    'From here on all is well.',
    '',
    '--=-=',
    'Content-Type: application/octet-stream; name="numbers.bin"',
    'Content-Disposition: attachment; filename="numbers.bin"',
    'Content-Transfer-Encoding: base64',
    '',
    ...(attachment.match(/.{1,76}/g) ?? []),
    '--=-=--',
    '',
  ];
  return Buffer.from(lines.join('\r\n'));
}
