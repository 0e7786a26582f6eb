// Puts objects, eight at a time, until it is killed; writes the key of each when it is acknowledged.
import { FileBlobs } from '../../lib/embedded/blobs-files.ts';

const blobs = new FileBlobs(process.argv[2] ?? '');
let next = 0;

async function* body(key: string): AsyncGenerator<Uint8Array> {
  const whole = Buffer.alloc(400_000, key);
  for (let at = 0; at < whole.length; at += 50_000) yield whole.subarray(at, at + 50_000);
}

await Promise.all(
  Array.from({ length: 8 }, async () => {
    for (;;) {
      const key = `s/${next % 5}/n${next++}`;
      await blobs.put(key, body(key));
      console.log(key);
    }
  }),
);
