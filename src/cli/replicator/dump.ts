import { existsSync } from 'node:fs'
import { open, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Image, type ImageClient, uuid } from '../image/client.ts'
import { saveImage } from '../image/save.ts'
import { labelOf } from './report.ts'
import { allImages, forEach, progressOf, type Run } from './run.ts'

/**
 * Writes each image into the folder: what it is as `ID`, its data as `ID.img`. What is there already stays; a file appears
 * only when all of it is there, and data only if its digest is right.
 */
export async function dump(source: ImageClient, { folder, run }: { folder: string; run: Run }): Promise<void> {
  await forEach(allImages(source), { ...run, label: labelOf }, (image) => dumpOne(image, { source, folder, run }))
}

async function dumpOne(
  image: Image,
  { source, folder, run }: { source: ImageClient; folder: string; run: Run },
): Promise<void> {
  // It becomes a path, and comes from elsewhere.
  if (!uuid.test(image.id)) throw new Error('Its ID is no UUID.')
  const { config, report, signal } = run
  const metaPath = join(folder, image.id)
  const dataPath = `${metaPath}.img`
  const wantsData = image.status === 'active' && !config.metaonly && !existsSync(dataPath)
  if (existsSync(metaPath) && !wantsData) {
    report.detail(`${labelOf(image)}: stored before`)
    report.count('unchanged')
    return
  }
  if (wantsData) {
    report.say(`${labelOf(image)}: storing ${image.size} bytes in ${dataPath}`)
    if (image.size === 0) await writeFile(dataPath, '')
    else await saveImage(source, image, { path: dataPath, signal, progress: progressOf(image, run) })
  }
  await writeWhole(metaPath, JSON.stringify(image))
  report.count('copied')
}

async function writeWhole(path: string, text: string): Promise<void> {
  await using file = await open(`${path}.part`, 'w')
  await file.writeFile(text)
  await file.sync()
  await rename(`${path}.part`, path)
}
