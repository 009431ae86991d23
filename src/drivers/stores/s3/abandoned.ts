import { type AbandonedWrite, imageIdPattern } from '../../../ports/blob-store.ts'
import type { S3Bucket, UploadName } from './bucket.ts'

/** A living upload sends a part now and then; one that has sent none for so long has lost its process. */
const deadAfterMs = 24 * 60 * 60 * 1000

/**
 * Finds uploads in parts that nobody goes on with. S3 does not tell who makes an upload, so time decides.
 * `isOurs` names keys that this process is busy with.
 */
export async function* findAbandonedUploads(
  bucket: S3Bucket,
  { isOurs, now = Date.now }: { isOurs: (key: string) => boolean; now?: () => number },
): AsyncGenerator<AbandonedWrite, void, undefined> {
  const isOld = (at: Date) => at.getTime() < now() - deadAfterMs
  for await (const upload of bucket.uploads()) {
    if (!imageIdPattern.test(upload.key) || isOurs(upload.key) || !isOld(upload.startedAt)) continue
    const lastPartAt = await bucket.lastPartAt(upload)
    if (lastPartAt === undefined || isOld(lastPartAt)) yield abandonedUpload(bucket, upload)
  }
}

function abandonedUpload(bucket: S3Bucket, upload: UploadName): AbandonedWrite {
  return {
    key: upload.key,
    // An upload that is still listed has made no object.
    removeBlob: async () => undefined,
    discard: () => bucket.dropUpload(upload),
    release: async () => undefined,
  }
}
