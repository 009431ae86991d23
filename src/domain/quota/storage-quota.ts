import { GlimpseError } from '../../errors/error.ts'
import type { QuotaLimits } from '../../ports/quota.ts'

/** `user_storage_quota`: the same number of bytes for every project. */
export function storageQuota(maximumBytes: number): QuotaLimits {
  return {
    of: async () => ({ image_size_total: maximumBytes }),
    unknownSizeMayExceed: false,
    refusal: (_owner, [excess]) =>
      new GlimpseError('storage_quota_full', { remainingBytes: maximumBytes - (excess?.used ?? 0) }),
    close: async () => {},
  }
}
