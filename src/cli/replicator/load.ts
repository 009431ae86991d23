import { createReadStream, existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ImageClient, uuid } from '../image/client.ts'
import { parseDump } from './fields.ts'
import { findImage, placeImage, refreshImage } from './place-image.ts'
import { labelOf } from './report.ts'
import { forEach, type Run } from './run.ts'

/** Makes the images that a dump has in the folder, and updates those that the target has. */
export async function load(target: ImageClient, { folder, run }: { folder: string; run: Run }): Promise<void> {
  const ids = (await readdir(folder)).filter((name) => uuid.test(name)).sort()
  await forEach(ids, { ...run, label: (id) => id }, (id) => loadOne(id, { target, folder, run }))
}

async function loadOne(
  id: string,
  { target, folder, run }: { target: ImageClient; folder: string; run: Run },
): Promise<void> {
  const { report, config } = run
  const path = join(folder, id)
  const image = parseDump(await readFile(path, 'utf8'))
  const present = await findImage(target, image.id)
  const dataPath = `${path}.img`
  const wantsData = existsSync(dataPath) && !config.metaonly
  if (present && (present.status !== 'queued' || !wantsData)) {
    return refreshImage(target, { source: image, target: present }, run)
  }
  if (!wantsData) {
    report.detail(
      `${labelOf(image)}: left out, as ${config.metaonly ? 'no data is wanted' : 'the dump has no data of it'}`,
    )
    report.count('left out')
    return
  }
  report.say(`${labelOf(image)}: loading ${image.size} bytes from ${dataPath}`)
  const open = async () => createReadStream(dataPath, { highWaterMark: config.chunksize }) as AsyncIterable<Buffer>
  await placeImage(target, image, { run, queued: present, open })
  report.count('copied')
}
