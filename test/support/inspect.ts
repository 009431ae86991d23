import {
  type ContentConfig,
  ContentRules,
  type DeclaredFormat,
  type Origin,
} from '../../src/domain/formats/content-rules.ts'
import { Inspection, type Report } from '../../src/domain/formats/inspection.ts'

/** `[image_format]` as it is without a configuration. */
export const defaultRules: ContentConfig = {
  require_image_format_match: true,
  gpt_safety_checks_nonfatal: [],
  vmdk_allowed_types: ['streamOptimized', 'monolithicSparse'],
}

/** Inspects data that comes in pieces of one size. */
export function inspect(data: Buffer, pieceBytes = Math.max(1, data.length)): Report {
  const inspection = new Inspection()
  for (const piece of pieces(data, pieceBytes)) inspection.eat(piece)
  return inspection.finish()
}

/** Judges data as the service does. @throws image_data_refused */
export function judge(
  data: Buffer,
  diskFormat: string,
  { origin = 'import', containerFormat = 'bare', config = {} }: JudgeOptions = {},
): number | null {
  const image: DeclaredFormat = { diskFormat, containerFormat }
  const check = new ContentRules({ ...defaultRules, ...config }).inspect(image, origin)
  for (const piece of pieces(data, 65_536)) check.eat(piece)
  return check.finish()
}

export interface JudgeOptions {
  readonly origin?: Origin
  readonly containerFormat?: string
  readonly config?: Partial<ContentConfig>
}

function* pieces(data: Buffer, pieceBytes: number): Generator<Buffer> {
  for (let at = 0; at < data.length; at += pieceBytes) yield data.subarray(at, at + pieceBytes)
}
