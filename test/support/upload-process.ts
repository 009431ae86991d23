import { openFileStore } from '../../src/drivers/stores/file/file-store.ts'
import { fileStoreDefaults } from './file-store.ts'

/**
 * A process in the middle of an upload: `node upload-process.ts DIRECTORY KEY written|committed`. It says `ready` and
 * then waits to be killed.
 */
const [directory = '', key = '', state] = process.argv.slice(2)
const store = await openFileStore('file', { ...fileStoreDefaults, filesystem_store_datadir: directory })
const writer = await store.create(key, { sizeBytes: null })
await writer.write(Buffer.alloc(100_000, 1))
if (state === 'committed') await writer.commit()
process.stdout.write('ready\n')
setInterval(() => writer, 1000)
