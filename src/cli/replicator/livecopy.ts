import type { Image } from '../image/client.ts'
import { findImage, placeImage, refreshImage } from './place-image.ts'
import { labelOf } from './report.ts'
import { allImages, forEach, type Run, type Sides } from './run.ts'

/** Copies all active images, and what has changed of those that the target has. */
export async function livecopy(sides: Sides, run: Run): Promise<void> {
  await forEach(allImages(sides.source), { ...run, label: labelOf }, (image) => copyOne(image, sides, run))
}

async function copyOne(image: Image, { source, target }: Sides, run: Run): Promise<void> {
  const { report, config } = run
  const present = await findImage(target, image.id)
  if (present?.status === 'active') return refreshImage(target, { source: image, target: present }, run)
  if (image.status !== 'active' || config.metaonly || (present && present.status !== 'queued')) {
    report.detail(`${labelOf(image)}: left out; ${image.status} here, ${present?.status ?? 'missing'} at the target`)
    report.count('left out')
    return
  }
  report.say(`${labelOf(image)}: copying ${image.size} bytes`)
  const open = async () => (await source.download(image.id, { offset: 0 })).body as AsyncIterable<Buffer>
  await placeImage(target, image, { run, queued: present, open })
  report.count('copied')
}
