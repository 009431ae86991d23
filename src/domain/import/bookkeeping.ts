import type { Image } from '../../ports/image.ts'
import type { ImageChange } from '../../ports/repositories.ts'

/** Id of the task that imports; who has set it, and he alone, changes the image. @see glance `api/v2/images.py` */
export const lockProperty = 'os_glance_import_task'
/** Where the staged data is. */
export const stageHostProperty = 'os_glance_stage_host'
/** Ids of stores, sorted and joined by commas. @see glance `async_/flows/api_image_import.py` `merge_store_list` */
export const importingProperty = 'os_glance_importing_to_stores'
const failedProperty = 'os_glance_failed_import'

/** Tells clients that stores are being filled. */
export function importing(image: Image, stores: readonly string[]): Pick<ImageChange, 'setProperties'> {
  const [running, failed] = [listOf(image, importingProperty), listOf(image, failedProperty)]
  return {
    setProperties: {
      [importingProperty]: joined([...running, ...stores]),
      [failedProperty]: joined(failed.filter((id) => !stores.includes(id))),
    },
  }
}

/** Tells clients that no more is done for `stores`, some of which may not have got the data. */
export function imported(
  image: Image,
  stores: readonly string[],
  { failed }: { failed: readonly string[] },
): Pick<ImageChange, 'setProperties'> {
  return {
    setProperties: {
      [importingProperty]: joined(listOf(image, importingProperty).filter((id) => !stores.includes(id))),
      [failedProperty]: joined([...listOf(image, failedProperty), ...failed]),
    },
  }
}

/** Stores that have not got the data of the last import. */
export function failedStores(image: Image): string[] {
  return listOf(image, failedProperty)
}

function listOf({ properties }: Image, name: string): string[] {
  return (properties[name] ?? '').split(',').filter((id) => id !== '')
}

function joined(stores: readonly string[]): string {
  return [...new Set(stores)].sort().join()
}
