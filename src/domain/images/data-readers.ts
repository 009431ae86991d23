import type { BlobStore, Requester } from '../../ports/blob-store.ts'
import type { Image } from '../../ports/image.ts'
import type { MemberRepository } from '../../ports/repositories.ts'
import type { StoreSet } from '../data/store-set.ts'

/**
 * Lets those who may have an image read its data at the store too, where stores keep data in the accounts of projects:
 * otherwise only its owner could.
 * @see glance `location.py` `_set_acls`
 */
export class DataReaders {
  readonly #members: MemberRepository
  readonly #stores: StoreSet

  constructor(members: MemberRepository, { stores }: { stores: StoreSet }) {
    this.#members = members
    this.#stores = stores
  }

  /** For all data of the image, after it or its members changed. @throws store_unavailable, storage_write_denied */
  async update(requester: Requester, image: Image): Promise<void> {
    for (const { url, metadata } of image.locations) {
      const store = this.#stores.forLocation(url, metadata)
      if (store !== undefined) await this.grant(requester, { image, store, url })
    }
  }

  /** For one blob. @throws as `update` */
  async grant(
    requester: Requester,
    { image, store, url }: { image: Image; store: BlobStore; url: string },
  ): Promise<void> {
    if (store.setReaders === undefined) return
    const everyone = image.visibility === 'public' || image.visibility === 'community'
    const members = everyone ? [] : await this.#members.list(image.id)
    const readers = { everyone, projectIds: members.map(({ memberId }) => memberId) }
    await store.setReaders(url, { readers, requester })
  }
}
