import type { Image } from '../../ports/image.ts'
import type { ReplicationMatch, ReplicationRule } from '../../ports/replication.ts'

/** What of an image decides which rules it falls under. */
export type MatchedImage = Pick<Image, 'visibility' | 'owner' | 'properties' | 'sizeBytes' | 'createdAt'>

/** The rules that `image` falls under, in their order. */
export function rulesFor(
  image: MatchedImage,
  { rules, now }: { rules: readonly ReplicationRule[]; now: Date },
): ReplicationRule[] {
  return rules.filter(({ match }) => matches(image, match, now))
}

function matches(image: MatchedImage, match: ReplicationMatch, now: Date): boolean {
  const { visibility, owners, properties = {} } = match
  const ageSeconds = (now.getTime() - image.createdAt.getTime()) / 1000
  return (
    (visibility === undefined || visibility.includes(image.visibility)) &&
    (owners === undefined || (image.owner !== null && owners.includes(image.owner))) &&
    Object.entries(properties).every(([name, value]) => image.properties[name] === value) &&
    isWithin(image.sizeBytes ?? 0, match.minSizeBytes, match.maxSizeBytes) &&
    isWithin(ageSeconds, match.minAgeSeconds, match.maxAgeSeconds)
  )
}

function isWithin(value: number, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): boolean {
  return value >= min && value <= max
}
