import { resumedDownload } from '../image/resumed-download.ts'
import { placeImage, refreshImage } from './place-image.ts'
import { labelOf } from './report.ts'
import { allPairs, forEach, type Pair, type Run, type Sides } from './run.ts'

/** Copies all active images, and what has changed of those that the target has. */
export async function livecopy(sides: Sides, run: Run): Promise<void> {
  await forEach(allPairs(sides), { ...run, label: ({ image }) => labelOf(image) }, async (pair) => {
    await copyOne(pair, sides, run)
  })
}

/**
 * Brings the target to what the source has of one image. @returns false if it is not the time for that
 * @throws if the data is not the same in the end
 */
export async function copyOne({ image, present }: Pair, { source, target }: Sides, run: Run): Promise<boolean> {
  const { report, config } = run
  if (present?.status === 'active') {
    await refreshImage(target, { source: image, target: present }, run)
    return true
  }
  if (image.status !== 'active' || config.metaonly || (present && present.status !== 'queued')) {
    report.detail(`${labelOf(image)}: left out; ${image.status} here, ${present?.status ?? 'missing'} at the target`)
    report.count('left out')
    return false
  }
  report.say(`${labelOf(image)}: copying ${image.size} bytes`)
  const open = async () => resumedDownload(source, image, run)
  await placeImage(target, image, { run, queued: present, open })
  report.count('copied')
  return true
}
