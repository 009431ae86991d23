import { GlimpseError } from '../../errors/error.ts'

/** What a download sends: `length` bytes from `offset`. `partial`: answered with 206. */
export interface RequestedRange {
  readonly offset: number
  readonly length: number
  readonly partial: boolean
}

export interface RangeHeaders {
  readonly range: string | undefined
  /** Glance takes it in requests too, for clients of old. */
  readonly contentRange: string | undefined
}

/**
 * The part of an image of `sizeBytes` that the headers ask for; `Range` goes first.
 * @throws bad_request for several ranges, range_not_satisfiable
 * @see glance `common/wsgi.py` `get_range_from_request`, `api/v2/image_data.py` `download`
 */
export function requestedRange(headers: RangeHeaders, sizeBytes: number): RequestedRange {
  if (headers.range !== undefined) return fromRange(headers.range, sizeBytes)
  if (headers.contentRange !== undefined) return fromContentRange(headers.contentRange, sizeBytes)
  return { offset: 0, length: sizeBytes, partial: false }
}

/** Like the reference, whatever follows a well-formed range is not looked at. */
function fromRange(text: string, sizeBytes: number): RequestedRange {
  if (text.includes(',')) {
    const reason =
      'Requests with multiple ranges are not supported in Glance. You may make multiple single-range requests instead.'
    throw new GlimpseError('bad_request', { reason })
  }
  const [, first, last] = /^bytes *= *(\d*) *- *(\d*)/i.exec(text) ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) throw invalid('Range')
  if (first === '') {
    if (sizeBytes === 0) throw outside('start position in Range header. Start', sizeBytes)
    const offset = Math.max(0, sizeBytes - Number(last))
    // A suffix of no bytes is read as "from the start" by the reference.
    return part(Number(last) === 0 ? 0 : offset, sizeBytes, sizeBytes)
  }
  const offset = Number(first)
  if (last !== '' && offset > Number(last)) throw invalid('Range')
  if (offset >= sizeBytes) throw outside('start position in Range header. Start', sizeBytes)
  return part(offset, last === '' ? sizeBytes : Number(last) + 1, sizeBytes)
}

function fromContentRange(text: string, sizeBytes: number): RequestedRange {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(?:(\d+)|[*])/.exec(text) ?? []
  if (first === undefined || last === undefined) throw invalid('Content-Range')
  const offset = Number(first)
  const end = Number(last) + 1
  if (offset >= end || (total !== undefined && end > Number(total))) throw invalid('Content-Range')
  if (end > sizeBytes && total === undefined) {
    throw outside('stop position in Content-Range header. The stop', sizeBytes)
  }
  if (offset >= sizeBytes) throw outside('start position in Content-Range header. Start', sizeBytes)
  return part(offset, end, sizeBytes)
}

function part(offset: number, end: number, sizeBytes: number): RequestedRange {
  return { offset, length: Math.min(end, sizeBytes) - offset, partial: true }
}

function invalid(header: string): GlimpseError {
  return new GlimpseError('range_not_satisfiable', { reason: `Invalid ${header} header.` })
}

function outside(what: string, sizeBytes: number): GlimpseError {
  const reason = `Invalid ${what} position MUST be in the inclusive range [0, ${sizeBytes - 1}].`
  return new GlimpseError('range_not_satisfiable', { reason })
}
