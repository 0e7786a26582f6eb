// Puts small objects, eight at a time, until it is killed; writes the key of each that the journal has, when it is acknowledged.
import { readdir } from 'node:fs/promises';
import { FileBlobs } from '../../lib/embedded/blobs-files.ts';

const [objects = '', journals = ''] = process.argv.slice(2);
const blobs = new FileBlobs(objects, { journals });
for (let i = 0; (await readdir(journals)).length === 0; i++) await blobs.put(`warm/${i}`, Buffer.from('warm'));

let next = 0;
await Promise.all(
  Array.from({ length: 8 }, async () => {
    for (;;) {
      const key = `s/${next % 5}/n${next++}`;
      await blobs.put(key, Buffer.from(key.repeat(100)));
      console.log(key);
    }
  }),
);
