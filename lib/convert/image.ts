import { createRequire } from 'node:module';

/** What is used of sharp: a library around libvips, which a process of its own loads, and no other (ADR 13). */
interface Sharp {
  (input: Uint8Array, options: { readonly limitInputPixels: number; readonly failOn: 'error' }): Picture;
  cache(on: false): void;
  concurrency(threads: number): void;
  block(what: { readonly operation: readonly string[] }): void;
  unblock(what: { readonly operation: readonly string[] }): void;
}

interface Picture {
  rotate(): Picture;
  resize(options: {
    readonly width: number | undefined;
    readonly height: number | undefined;
    readonly fit: 'inside';
    readonly withoutEnlargement: true;
  }): Picture;
  flatten(options: { readonly background: string }): Picture;
  png(): Picture;
  jpeg(options: { readonly quality: number }): Picture;
  toBuffer(): Promise<Buffer>;
}

/** The formats that are read; others, SVG among them, would run much more code on what strangers send. */
const READERS = ['Jpeg', 'Png', 'Nsgif', 'Webp'].map((format) => `VipsForeignLoad${format}Buffer`);
const JPEG_QUALITY = 80;

export interface ImageRequest {
  readonly bytes: Uint8Array;
  readonly to: 'image/png' | 'image/jpeg';
  /** No wider and no higher than this, in pixels; undefined: as it is. It is never enlarged. */
  readonly width: number | undefined;
  readonly height: number | undefined;
  /** Pictures of more pixels are refused. */
  readonly maxPixels: number;
}

/** Makes a function that gives pictures another format and size, without what cameras write into them. It throws on what is no picture. */
export function imageConverter(): (request: ImageRequest) => Promise<Buffer> {
  const sharp = createRequire(import.meta.url)('sharp') as Sharp;
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: READERS });
  return ({ bytes, to, width, height, maxPixels }) => {
    const picture = sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error' })
      .rotate()
      .resize({ width, height, fit: 'inside', withoutEnlargement: true });
    if (to === 'image/png') return picture.png().toBuffer();
    return picture.flatten({ background: '#fff' }).jpeg({ quality: JPEG_QUALITY }).toBuffer();
  };
}
