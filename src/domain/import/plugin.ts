import type { Readable } from 'node:stream'

/** Data on its way into an image, and what the image says of it. */
export interface ImportData {
  readonly body: Readable
  /** Null: unknown before the end. */
  readonly sizeBytes: number | null
  readonly diskFormat: string | null
  readonly containerFormat: string | null
  /** What is stored must be exactly of `diskFormat`. Absent: as `[image_format]` says. */
  readonly isExact?: true
}

export interface PluginContext {
  readonly imageId: string
  /** Aborted when the import is to stop: what is under way must end soon after, and leave nothing. */
  readonly signal: AbortSignal
  /** Tells clients how far it is: the message of the import's task. */
  readonly tell: (message: () => string) => void
}

/**
 * Something that is done to the data of every import, between its source and the stores: one of `image_import_plugins`.
 * An import may run again from its beginning after any failure, also in another process.
 * @see glance `async_/flows/plugins`
 */
export interface ImportPlugin {
  /** As in `image_import_plugins`. */
  readonly name: string
  /**
   * Takes the data and gives what is to be stored in its place: the same, a stream over it, or something else. When that
   * is closed or `apply` fails, the data that was given has been closed too.
   * @throws import_failed if the image cannot be imported, image_data_refused, image_size_limit, storage_full
   */
  apply(data: ImportData, context: PluginContext): Promise<ImportData>
}
