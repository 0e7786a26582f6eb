import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, rename, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BlobJournal } from '../../lib/embedded/blob-journal.ts';
import { decodeJournal } from '../../lib/embedded/blob-journal-format.ts';
import { FileBlobs } from '../../lib/embedded/blobs-files.ts';
import { blobsContract } from '../contract/blobs.contract.ts';
import { startChild } from '../support/child.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';

/** A folder of objects whose process journals them from the first one on. */
async function journalling() {
  const folder = await temporaryFolder();
  const [objects, journals] = [join(folder.path, 'objects'), join(folder.path, 'journals')];
  await mkdir(objects);
  await mkdir(journals);
  const blobs = new FileBlobs(objects, { journals });
  let warm = 0;
  await until('objects go by the journal', async () => {
    await blobs.put(`warm/${warm++}`, Buffer.from('warm'));
    return (await readdir(journals)).length > 0;
  });
  return {
    blobs,
    objects,
    journals,
    async [Symbol.asyncDispose]() {
      await blobs.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The journals as the next boot finds them: those who wrote them are gone. */
async function afterPowerCut(journals: string): Promise<void> {
  for (const name of await readdir(journals)) {
    await rename(join(journals, name), join(journals, `00000000-1-1.${name.split('.').slice(1).join('.')}`));
  }
}

const path = (objects: string, key: string): string => join(objects, `${key}.blob`);

blobsContract('objects by the journal', journalling);

it('what the disk refuses in the thread is told with its cause', async () => {
  await using at = await journalling();
  await at.blobs.put('s/a', Buffer.from('a'));
  await rm(join(at.objects, 's'), { recursive: true });
  await writeFile(join(at.objects, 's'), 'a file where a folder was');
  const cause = expect.objectContaining({ message: expect.stringContaining('ENOTDIR') });
  await expect(at.blobs.put('s/b', Buffer.from('b'))).rejects.toMatchObject({ code: 'unavailable', cause });
});

describe('after a power cut (ADR 10)', () => {
  it('what was acknowledged comes back byte for byte, and what the disk has is left', async () => {
    await using at = await journalling();
    const bodies = new Map(['whole', 'gone', 'torn', 'zeroed'].map((key) => [`s/${key}`, randomBytes(5000)]));
    for (const [key, body] of bodies) await at.blobs.put(key, body, { of: key });
    await unlink(path(at.objects, 's/gone'));
    await truncate(path(at.objects, 's/torn'), 4096);
    const zeroed = await readFile(path(at.objects, 's/zeroed'));
    await writeFile(path(at.objects, 's/zeroed'), zeroed.fill(0, 0, 4096));
    await afterPowerCut(at.journals);

    const next = new FileBlobs(at.objects, { journals: at.journals });
    await next.recover();
    for (const [key, body] of bodies) {
      expect(await next.get(key)).toEqual(body);
      expect((await next.info(key))?.metadata).toEqual({ of: key });
    }
    expect(await readdir(at.journals)).toEqual([]);
    expect((await readdir(join(at.objects, 's'))).sort()).toEqual(
      [...bodies.keys()].map((key) => `${key.slice(2)}.blob`).sort(),
    );
  });

  it('the folders are made again too', async () => {
    await using at = await journalling();
    await at.blobs.put('s/2026/a', Buffer.from('a'));
    await rm(join(at.objects, 's'), { recursive: true });
    await afterPowerCut(at.journals);
    const next = new FileBlobs(at.objects, { journals: at.journals });
    await next.recover();
    expect(await next.get('s/2026/a')).toEqual(Buffer.from('a'));
  });

  it('a torn end of the journal is no hindrance', async () => {
    await using at = await journalling();
    await at.blobs.put('s/a', Buffer.from('a'));
    await unlink(path(at.objects, 's/a'));
    const [name = ''] = await readdir(at.journals);
    const whole = await readFile(join(at.journals, name));
    await appendFile(join(at.journals, name), whole.subarray(16, 40));
    await afterPowerCut(at.journals);
    const next = new FileBlobs(at.objects, { journals: at.journals });
    await next.recover();
    expect(await next.get('s/a')).toEqual(Buffer.from('a'));
  });

  it('everything that a killed process had acknowledged', async () => {
    await using folder = await temporaryFolder();
    const [objects, journals] = [join(folder.path, 'objects'), join(folder.path, 'journals')];
    await mkdir(objects);
    await mkdir(journals);
    const child = startChild('./journal-child.ts', [objects, journals]);
    const acknowledged: string[] = [];
    for await (const line of child.lines) {
      acknowledged.push(line);
      if (acknowledged.length === 500) break;
    }
    child.process.kill('SIGKILL');
    await child.ended;
    // As if none of the files had reached the disk.
    await rm(objects, { recursive: true });
    await mkdir(objects);
    await afterPowerCut(journals);
    const blobs = new FileBlobs(objects, { journals });
    await blobs.recover();
    for (const key of acknowledged) expect(String(await blobs.get(key))).toBe(key.repeat(100));
  });
});

describe('journals', () => {
  const recordsOf = async (journals: string): Promise<string[]> => {
    const found: string[] = [];
    for (const name of await readdir(journals)) {
      for (const { key } of decodeJournal(await readFile(join(journals, name)))) found.push(key);
    }
    return found.sort();
  };

  it('of a process that lives are left alone', async () => {
    await using at = await journalling();
    const before = await readdir(at.journals);
    await new FileBlobs(at.objects, { journals: at.journals }).recover();
    expect(await readdir(at.journals)).toEqual(before);
  });

  it('begin again only when what is in them is settled, and then hold only what came since', async () => {
    await using folder = await temporaryFolder();
    const settlings: (() => void)[] = [];
    const journal = new BlobJournal(folder.path, () => new Promise((resolve) => settlings.push(resolve)), {
      halfBytes: 1000,
    });
    const body = [Buffer.alloc(1000, 'x')];
    await journal.append('a', body);
    await journal.append('b', body); // a is full: b goes into the other half
    const third = journal.append('c', body);
    let isDone = false;
    third.then(() => {
      isDone = true;
    });
    await until('both halves are being settled', () => settlings.length === 2);
    expect(isDone).toBe(false);
    expect(await recordsOf(folder.path)).toEqual(['a', 'b']);
    settlings.shift()?.();
    await third;
    expect(await recordsOf(folder.path)).toEqual(['b', 'c']);
    const closing = journal.close();
    settlings.shift()?.();
    await until('the last is being settled', () => settlings.length > 0);
    settlings.shift()?.();
    await closing;
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('are kept when settling fails', async () => {
    await using folder = await temporaryFolder();
    let fails = true;
    const settle = async (): Promise<void> => {
      if (fails) throw new Error('no');
    };
    const journal = new BlobJournal(folder.path, settle, { halfBytes: 10 });
    for (const key of ['a', 'b', 'c', 'd']) await journal.append(key, [Buffer.from(key)]);
    expect(await recordsOf(folder.path)).toEqual(['a', 'b', 'c', 'd']);
    fails = false;
    await journal.close();
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('taken away from a living process are written again before anything is acknowledged', async () => {
    await using folder = await temporaryFolder();
    const journal = new BlobJournal(folder.path, async () => undefined);
    await journal.append('a', [Buffer.from('a')]);
    for (const name of await readdir(folder.path)) await unlink(join(folder.path, name));
    await journal.append('b', [Buffer.from('b')]);
    expect(await recordsOf(folder.path)).toEqual(['b']);
    await journal.close();
  });
});
