import { openRbdStore } from '../../src/drivers/stores/rbd/rbd-store.ts'

/**
 * A process in the middle of an upload to RBD: `node rbd-upload-process.ts CONFIG KEY written|committed`, with the store's
 * options as JSON. It says `ready` and then waits to be killed.
 */
const [config = '{}', key = '', state] = process.argv.slice(2)
const store = openRbdStore('rbd', JSON.parse(config))
const writer = await store.create(key, { sizeBytes: null })
await writer.write(Buffer.alloc(100_000, 1))
if (state === 'committed') await writer.commit()
process.stdout.write('ready\n')
setInterval(() => writer, 1000)
