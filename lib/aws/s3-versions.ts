import { CopyObjectCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';

/** A bucket that may keep old versions, and how requests to it are repeated. */
export interface VersionedBucket {
  readonly client: S3Client;
  readonly bucket: string;
  readonly repeating: <T>(what: string, send: () => Promise<T>) => Promise<T>;
}

export interface OldVersion {
  readonly key: string;
  readonly versionId: string;
}

/** S3 tells whole seconds. */
const CLOCK_MS = 1000;
const COPY_TIMEOUT_MS = 120_000;

/**
 * Objects below the prefix that were there at a time (ms since 1970, by the clock of S3) and were deleted after it: the version
 * of then. A key is only ever written with one content, so that any version of it would do.
 */
export async function* deletedSince(
  { bucket, client, repeating }: VersionedBucket,
  prefix: string,
  pointMs: number,
): AsyncGenerator<OldVersion> {
  const deleted = new Set<string>();
  let marker: { readonly KeyMarker?: string | undefined; readonly VersionIdMarker?: string | undefined } = {};
  for (;;) {
    const command = new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, ...marker });
    const page = await repeating('list of versions', () => client.send(command));
    // Of one key the newest comes first; markers and versions come in lists of their own, a marker never on a later page.
    for (const { Key, IsLatest, LastModified } of page.DeleteMarkers ?? []) {
      const isSince = (LastModified?.getTime() ?? 0) > pointMs - CLOCK_MS;
      if (IsLatest === true && isSince && Key !== undefined) deleted.add(Key);
    }
    for (const { Key, VersionId, LastModified } of page.Versions ?? []) {
      if (Key === undefined || VersionId === undefined || !deleted.has(Key)) continue;
      if ((LastModified?.getTime() ?? 0) > pointMs) continue;
      deleted.delete(Key);
      yield { key: Key, versionId: VersionId };
    }
    if (page.IsTruncated !== true) return;
    marker = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  }
}

/** Puts an old version under its key again, with its metadata. Nothing is removed for it, as it is without a delete marker. */
export async function restoreVersion(
  { bucket, client, repeating }: VersionedBucket,
  { key, versionId }: OldVersion,
): Promise<void> {
  const command = new CopyObjectCommand({
    Bucket: bucket,
    Key: key,
    CopySource: `${bucket}/${key}?versionId=${encodeURIComponent(versionId)}`,
    MetadataDirective: 'COPY',
  });
  await repeating(`return of ${key}`, () => client.send(command, { requestTimeout: COPY_TIMEOUT_MS }));
}
