import type { Image } from '../image/client.ts'
import { type Difference, dataDifferences, settableDifferences } from './fields.ts'
import { findImage } from './place-image.ts'
import { labelOf } from './report.ts'
import { allPairs, forEach, leftOutOf, type Run, type Sides } from './run.ts'

/** Tells what the target lacks of the source, or has otherwise. */
export async function compare(sides: Sides, run: Run): Promise<void> {
  const { report } = run
  const leftOut = leftOutOf(run)
  await forEach(allPairs(sides), { ...run, label: ({ image }) => labelOf(image) }, async (pair) => {
    const { image } = pair
    // A target may show what it does not list: images that are offered to a project.
    const present = pair.present ?? (await findImage(sides.target, image.id))
    if (present) {
      const differences = differencesOf(image, present, leftOut)
      for (const difference of differences) report.say(`${image.id}: ${describe(difference)}`)
      if (differences.length === 0) report.detail(`${labelOf(image)}: no difference`)
      report.count(differences.length > 0 ? 'different' : 'unchanged')
    } else if (image.status === 'active') {
      report.say(`${image.id} ("${image.name ?? '--unnamed--'}"): entirely missing from the destination`)
      report.count('missing')
    } else report.count('left out')
  })
}

function differencesOf(source: Image, target: Image, leftOut: ReadonlySet<string>): Difference[] {
  const status: Difference[] =
    source.status === target.status || leftOut.has('status')
      ? []
      : [{ key: 'status', source: source.status, target: target.status }]
  return [...status, ...settableDifferences(source, target, leftOut), ...dataDifferences(source, target, leftOut)]
}

function describe({ key, source, target }: Difference): string {
  return `field ${key} differs (source has ${JSON.stringify(source)}, destination has ${JSON.stringify(target) ?? 'nothing'})`
}
