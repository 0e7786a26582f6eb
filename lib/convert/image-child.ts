/** The process that converts pictures, one after the other: what a picture does to a decoder, it does here. */
import { type ImageRequest, imageConverter } from './image.ts';

/** The picture, or nothing when it could not be made. */
export interface ImageAnswer {
  readonly bytes: Uint8Array | undefined;
}

const convert = imageConverter();

process.on('message', (request: ImageRequest) => {
  void convert(request).then(
    (bytes) => process.send?.({ bytes } satisfies ImageAnswer),
    () => process.send?.({ bytes: undefined } satisfies ImageAnswer),
  );
});
// Whoever asked is gone.
process.on('disconnect', () => process.exit(0));
