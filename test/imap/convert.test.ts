import { describe, expect, test } from 'vitest';
import { ImageProcess } from '../../gateway/imap/convert/image-process.ts';
import { imapLimits } from '../../lib/base/limits.ts';
import { CannotConvert } from '../../lib/convert/converted.ts';
import { ImapClient } from '../support/imap-client.ts';
import { openImapGateway } from '../support/imap-gateway.ts';

test('CONVERT has limits of messages, parts and octets (RFC 5259 §8.5, §13)', async () => {
  const limits = { convertMessages: 2, convertParts: 1, convertTextBytes: 100 };
  await using gateway = await openImapGateway({ limits });
  const client = await ImapClient.loggedIn(gateway.port);
  for (const length of [100, 101, 1]) await client.append('INBOX', `Subject: x\r\n\r\n${'x'.repeat(length)}`);
  await client.say('s', 'SELECT INBOX');
  expect(await client.say('a', 'CONVERT 1:3 ("text/plain") BINARY.SIZE[1]')).toEqual([
    'a NO [MAXCONVERTMESSAGES 2] Too many messages at once',
  ]);
  expect(await client.say('b', 'CONVERT 1:2 ("text/plain") (BINARY.SIZE[1] BINARY.SIZE[2])')).toEqual([
    'b NO [MAXCONVERTPARTS 1] Too many parts at once',
  ]);
  expect(await client.say('c', 'CONVERT 1:2 ("text/plain") BINARY.SIZE[1]')).toEqual([
    '* 1 CONVERTED (TAG "c") (BINARY.SIZE[1] 100)',
    '* 2 CONVERTED (TAG "c") (BINARY.SIZE[1] (ERROR "A part of more than 100 octets is not converted" BADPARAMETERS "text/plain" "text/plain"))',
    'c OK Some conversions failed',
  ]);
  client.close();
  expect(gateway.errors).toEqual([]);
});

/** Pictures of 64 by 48 pixels, half transparent. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAEAAAAAwCAMAAACWlYwtAAAAA1BMVEXIAAA4xvoiAAAAAXRSTlOArV5bRgAAAAlwSFlzAAAD6AAAA+gBtXtSawAAABpJREFUSIntwYEAAAAAw6D5U1/gCFUBAAB0DQwwAAFkXhqHAAAAAElFTkSuQmCC';
const GIF =
  'R0lGODlhQAAwAIAAAExpccgAACH5BAUAAAAALAAAAABAADAAAAI5jI+py+0Po5y02ouz3rz7D4biSJbmiabqyrbuC8fyTNf2jef6zvf+DwwKh8Si8YhMKpfMpvMJjSYLADs=';
const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>').toString('base64');

function mail(parts: readonly (readonly [type: string, base64: string])[]): string {
  const texts = parts.map(
    ([type, base64]) => `--b\r\nContent-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64}\r\n`,
  );
  return `Content-Type: multipart/mixed; boundary=b\r\n\r\n${texts.join('')}--b--\r\n`;
}

/** Width and height of a PNG. */
function sizeOfPng(bytes: Buffer): [number, number] {
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

describe('pictures', () => {
  test('become a smaller PNG or JPEG, and are never enlarged (RFC 5259 §7, §8.2)', async () => {
    await using gateway = await openImapGateway();
    const client = await ImapClient.loggedIn(gateway.port);
    await client.append(
      'INBOX',
      mail([
        ['image/png', PNG],
        ['image/gif', GIF],
        ['image/png', SVG],
        ['image/tiff', PNG],
      ]),
    );
    await client.say('s', 'SELECT INBOX');
    const [size = ''] = await client.say('a', 'CONVERT 1 ("IMAGE/JPEG" ("PIX-X" "32" "PIX-Y" "96")) BINARY.SIZE[1]');
    const octets = Number(/BINARY\.SIZE\[1\] (\d+)\)/.exec(size)?.[1]);
    const [whole = ''] = await client.say(
      'e002',
      'CONVERT 1 (NIL ("PIX-X" "32" "PIX-Y" "96")) (BINARY[1] BODYPARTSTRUCTURE[1])',
    );
    const head = `* 1 CONVERTED (TAG "e002") (BODYPARTSTRUCTURE[1] ("IMAGE" "JPEG" NIL NIL NIL "BINARY" ${octets} NIL NIL NIL NIL) BINARY[1] ~{${octets}}\r\n`;
    expect(whole.slice(0, head.length)).toBe(head);
    expect(whole.slice(head.length, head.length + 3)).toBe('\xff\xd8\xff');
    // In two pieces it is the same.
    const pieces: string[] = [];
    for (const partial of ['<0.100>', '<100.100000>']) {
      const [piece = ''] = await client.say('p', `CONVERT 1 (NIL ("PIX-X" "32" "PIX-Y" "96")) BINARY[1]${partial}`);
      pieces.push(/~?\{\d+\}\r\n([\s\S]*)\)$/.exec(piece)?.[1] ?? '');
    }
    expect(pieces.join('')).toBe(whole.slice(head.length, -1));
    for (const [params, expected] of [
      ['"PIX-X" "32"', [32, 24]],
      ['"PIX-Y" "12" "PIX-X" "60"', [16, 12]],
      ['"PIX-X" "1000"', [64, 48]],
    ] as const) {
      const [png = ''] = await client.say('b', `CONVERT 1 ("image/png" (${params})) BINARY[2]`);
      const bytes = Buffer.from(/~?\{\d+\}\r\n([\s\S]*)\)$/.exec(png)?.[1] ?? '', 'latin1');
      expect(sizeOfPng(bytes)).toEqual(expected);
    }
    expect(await client.say('c', 'CONVERT 1 ("image/png" ("PIX-X" "0" )) BINARY[2]')).toEqual([
      expect.stringMatching(/^c BAD /),
    ]);
    expect(await client.say('d', 'CONVERT 1 ("image/png" ("PIX-X" "many")) BINARY[2]')).toEqual([
      '* 1 CONVERTED (TAG "d") (BINARY[2] (ERROR "PIX-X is a number of pixels" BADPARAMETERS "image/gif" "image/png" (pix-x "many")))',
      'd NO All conversions failed',
    ]);
    // What is called a PNG and is none, and what is a PNG and not called so.
    expect(await client.say('e', 'CONVERT 1 ("image/png") (BINARY[3] BINARY[4])')).toEqual([
      '* 1 CONVERTED (TAG "e") (BINARY[3] (ERROR "The picture cannot be read" BADPARAMETERS "image/png" "image/png") BINARY[4] (ERROR "image/tiff cannot be converted so" BADPARAMETERS "image/tiff" "image/png"))',
      'e NO All conversions failed',
    ]);
    client.close();
    expect(gateway.errors).toEqual([]);
  });

  const request = { bytes: Buffer.from(PNG, 'base64'), to: 'image/png', width: 8, height: undefined } as const;

  test('of too many pixels or octets are refused', async () => {
    const small = new ImageProcess({ ...imapLimits, convertImagePixels: 64 * 48 - 1, convertImageIdleMs: 1 });
    await expect(small.convert(request)).rejects.toThrow(CannotConvert);
    await using gateway = await openImapGateway({ limits: { convertImageBytes: 10 } });
    const client = await ImapClient.loggedIn(gateway.port);
    await client.append('INBOX', mail([['image/png', PNG]]));
    await client.say('s', 'SELECT INBOX');
    expect((await client.say('a', 'CONVERT 1 (NIL) BINARY[1]'))[0]).toContain('more than 10 octets');
    client.close();
  });

  test('that take too long fail, those that wait beyond the limit may be asked for later, and the next one works', async () => {
    const hasty = new ImageProcess({ ...imapLimits, convertImageMs: 0, convertImageIdleMs: 1 });
    await expect(hasty.convert(request)).rejects.toThrow('The picture takes too long');
    const patient = new ImageProcess({ ...imapLimits, convertImagesWaiting: 1, convertImageIdleMs: 1 });
    const first = patient.convert(request);
    expect(() => patient.convert(request)).toThrow(expect.objectContaining({ isTemporary: true }));
    expect(sizeOfPng(await first)).toEqual([8, 6]);
    expect(sizeOfPng(await patient.convert(request))).toEqual([8, 6]);
  });
});
