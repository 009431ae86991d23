import { GlimpseError } from '../../errors/error.ts'
import { parseIsoTime } from './iso-time.ts'

/** An operator and its operand. */
export interface Operation {
  readonly op: string
  readonly value: string
}

/**
 * Splits `op:value`. Without a colon, and for a time with colons but no operator, the operator is `eq`.
 * @see glance `common/utils.py` `split_filter_op`
 */
export function splitOperator(expression: string): Operation {
  const at = expression.indexOf(':')
  if (at === -1 || parseIsoTime(expression)) return { op: 'eq', value: expression }
  return { op: expression.slice(0, at), value: expression.slice(at + 1) }
}

function checkQuotes(list: string): void {
  let opening = true
  for (let index = 0; index < list.length; index += 1) {
    if (list[index] !== '"' || (index > 0 && list[index - 1] === '\\')) continue
    const neighbour = opening ? list[index - 1] : list[index + 1]
    if (neighbour !== undefined && neighbour !== ',') {
      throw new GlimpseError('bad_request', {
        reason: `Invalid filter value ${list}. There is no comma ${opening ? 'before opening' : 'after closing'} quotation mark.`,
      })
    }
    opening = !opening
  }
  if (!opening) {
    throw new GlimpseError('bad_request', { reason: `Invalid filter value ${list}. The quote is not closed.` })
  }
}

/**
 * The values of an `in:` list: separated by commas; one in double quotes may hold commas.
 * @throws bad_request for quotes in the wrong place
 * @see glance `common/utils.py` `split_filter_value_for_quotes`
 */
export function splitList(list: string): string[] {
  checkQuotes(list)
  const values: string[] = []
  for (const match of list.matchAll(/"([^"\\]*(?:\\.[^"\\]*)*)",?|([^,]+),?|,/g)) {
    values.push(match[1] || match[2] || '')
  }
  return values
}
