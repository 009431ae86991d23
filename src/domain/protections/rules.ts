import { GlimpseError } from '../../errors/error.ts'
import { reservedNamespace } from '../images/limits.ts'
import { ParserFault, parseConfigParserFile } from './config-parser.ts'
import { compilePythonPattern, PatternFault } from './python-pattern.ts'

export const propertyActions = ['create', 'read', 'update', 'delete'] as const
export type PropertyAction = (typeof propertyActions)[number]

/** Who may do it: everybody, nobody, who has one of the roles (lower case), or whom a rule of the policy lets. */
export type Permission = 'everybody' | 'nobody' | { readonly roles: ReadonlySet<string> } | { readonly policy: string }

/** One section of a protection file. */
export interface PropertyRule {
  /** The section as written. */
  readonly section: string
  /** Searched in names of properties. */
  readonly pattern: RegExp
  readonly permissions: Readonly<Record<PropertyAction, Permission>>
}

/** `property_protection_rule_format` */
export type RuleFormat = 'roles' | 'policies'

/** Reads what follows the name of an action. @returns undefined, and what is wrong, in `problem` */
function readPermission(text: string, format: RuleFormat): Permission | { readonly problem: string } {
  if (text === '') return 'nobody'
  if (format === 'policies') {
    if (text.includes(',')) return { problem: 'only one rule of the policy may be named; combine rules in the policy' }
    if (text === '@' || text === '!') return text === '@' ? 'everybody' : 'nobody'
    return { policy: text }
  }
  const roles = text.split(',').map((role) => role.trim().toLowerCase())
  if (roles.includes('@') && roles.includes('!')) return { problem: '@ and ! exclude each other' }
  if (roles.includes('!')) return 'nobody'
  return roles.includes('@') ? 'everybody' : { roles: new Set(roles) }
}

/**
 * Reads a protection file. Sections for the service's own properties, which nobody can protect, are left out.
 * @param file the name that errors give
 * @throws property_protections_invalid naming file and section
 * @see glance `common/property_utils.py` `PropertyRules`
 */
export function readPropertyRules(
  text: string,
  { file, format }: { file: string; format: RuleFormat },
): PropertyRule[] {
  const invalid = (reason: string, cause?: unknown) =>
    new GlimpseError('property_protections_invalid', { file, reason }, { cause })
  try {
    const rules: PropertyRule[] = []
    for (const [section, options] of parseConfigParserFile(text)) {
      if (section.startsWith(reservedNamespace)) continue
      const permissions: Partial<Record<PropertyAction, Permission>> = {}
      for (const action of propertyActions) {
        const value = options.get(action)
        if (value === undefined) throw invalid(`section [${section}] does not say who may ${action}`)
        const permission = readPermission(value, format)
        if (typeof permission === 'object' && 'problem' in permission) {
          throw invalid(`section [${section}], ${action} = ${value}: ${permission.problem}`)
        }
        permissions[action] = permission
      }
      rules.push({
        section,
        pattern: compileSection(section, invalid),
        permissions: permissions as Record<PropertyAction, Permission>,
      })
    }
    return rules
  } catch (error) {
    throw error instanceof ParserFault ? invalid(error.message, error) : error
  }
}

function compileSection(section: string, invalid: (reason: string, cause: unknown) => GlimpseError): RegExp {
  try {
    return compilePythonPattern(section)
  } catch (error) {
    if (!(error instanceof PatternFault)) throw error
    throw invalid(`section [${section}] is no regular expression: ${error.message}`, error)
  }
}
