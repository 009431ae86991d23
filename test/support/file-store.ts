import { type FileStoreConfig, fileStoreOptions } from '../../src/drivers/stores/file/options.ts'

/** The file store's options as an empty configuration gives them. */
export const fileStoreDefaults = Object.fromEntries(
  Object.entries(fileStoreOptions).map(([name, option]) => [name, option.default]),
) as unknown as FileStoreConfig
