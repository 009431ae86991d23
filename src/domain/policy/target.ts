import type { Image } from '../../ports/image.ts'
import type { Credentials } from './credentials.ts'

/** What a rule is asked about. `get` returns undefined for an attribute that the target does not have. A `Map` is one. */
export interface PolicyTarget {
  get(key: string): unknown
}

/** The target of rules that concern no object. */
export const noTarget: PolicyTarget = new Map<string, unknown>()

/**
 * An image as rules see it. `member_id` is the caller's project when the image is shared and another project's:
 * he found it only because he is a member (or an admin).
 * @see glance `glance/api/policy.py` ImageTarget, `glance/db/__init__.py`
 */
export class ImageTarget implements PolicyTarget {
  readonly #context: Credentials
  readonly #image: Image

  constructor(context: Credentials, image: Image) {
    this.#context = context
    this.#image = image
  }

  get(key: string): unknown {
    const image = this.#image
    switch (key) {
      case 'project_id':
      case 'owner':
        return image.owner
      case 'visibility':
        return image.visibility
      case 'member_id':
      case 'member':
        return image.visibility === 'shared' && image.owner !== this.#context.projectId ? this.#context.projectId : null
      case 'id':
      case 'image_id':
        return image.id
      case 'name':
        return image.name
      case 'status':
        return image.status
      case 'protected':
        return image.protected
      case 'os_hidden':
        return image.osHidden
      case 'disk_format':
        return image.diskFormat
      case 'container_format':
        return image.containerFormat
      case 'size':
        return image.sizeBytes
      case 'virtual_size':
        return image.virtualSizeBytes
      case 'min_disk':
        return image.minDiskGib
      case 'min_ram':
        return image.minRamMib
      case 'checksum':
        return image.checksum
      case 'os_hash_algo':
        return image.osHashAlgo
      case 'os_hash_value':
        return image.osHashValue
      case 'created_at':
        return image.createdAt
      case 'updated_at':
        return image.updatedAt
      default:
        return Object.hasOwn(image.properties, key) ? image.properties[key] : undefined
    }
  }

  /** What a remote check is sent. */
  toJSON(): Record<string, unknown> {
    const wire: Record<string, unknown> = {}
    for (const key of imageKeys) wire[key] = this.get(key)
    return { ...wire, tags: this.#image.tags, ...this.#image.properties }
  }
}

const imageKeys = [
  'image_id',
  'name',
  'status',
  'owner',
  'project_id',
  'member',
  'visibility',
  'protected',
  'os_hidden',
  'disk_format',
  'container_format',
  'size',
  'virtual_size',
  'min_disk',
  'min_ram',
  'checksum',
  'os_hash_algo',
  'os_hash_value',
  'created_at',
  'updated_at',
]
