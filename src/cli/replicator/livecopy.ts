import { placeImage, refreshImage } from './place-image.ts'
import { labelOf } from './report.ts'
import { allPairs, forEach, type Pair, type Run, type Sides } from './run.ts'

/** Copies all active images, and what has changed of those that the target has. */
export async function livecopy(sides: Sides, run: Run): Promise<void> {
  await forEach(allPairs(sides), { ...run, label: ({ image }) => labelOf(image) }, (pair) => copyOne(pair, sides, run))
}

async function copyOne({ image, present }: Pair, { source, target }: Sides, run: Run): Promise<void> {
  const { report, config } = run
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
