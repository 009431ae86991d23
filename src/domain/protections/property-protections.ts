import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image } from '../../ports/image.ts'
import { reservedNamespace } from '../images/limits.ts'
import { chain, type MaybePromise } from '../policy/maybe-promise.ts'
import type { Policy } from '../policy/policy.ts'
import type { PropertyAction, PropertyRule } from './rules.ts'

/** How many names are remembered with their rule: names are the callers' own. */
const rememberedNames = 1000

/**
 * Who may create, read, update and delete which properties of images. Answers are promises only where a rule of the policy
 * has an `http:` check.
 * @see glance `common/property_utils.py` `check_property_rules`, `api/property_protections.py`
 */
export class PropertyProtections {
  readonly #rules: readonly PropertyRule[]
  readonly #policy: Policy
  readonly #known = new Map<string, PropertyRule | undefined>()

  constructor(rules: readonly PropertyRule[], policy: Policy) {
    this.#rules = rules
    this.#policy = policy
  }

  /** Whether the caller may; nobody may what no rule covers. A service's roles count as well as those of its user. */
  allows(context: RequestContext, { name, action }: { name: string; action: PropertyAction }): MaybePromise<boolean> {
    if (name.startsWith(reservedNamespace)) return true
    const permission = this.#ruleOf(name)?.permissions[action] ?? 'nobody'
    if (typeof permission === 'string') return permission === 'everybody'
    const { roles: own, serviceRoles } = context
    const roles = serviceRoles.length > 0 ? [...own, ...serviceRoles] : own
    if ('roles' in permission) return roles.some((role) => permission.roles.has(role))
    return this.#policy.allowsRule(permission.policy, roles === own ? context : { ...context, roles })
  }

  /** @throws property_reserved */
  require(context: RequestContext, question: { name: string; action: PropertyAction }): MaybePromise<void> {
    return chain(this.allows(context, question), (allowed) => {
      if (!allowed) throw new GlimpseError('property_reserved', { name: question.name })
    })
  }

  /** The image with those properties that the caller may read. */
  readable(context: RequestContext, image: Image): MaybePromise<Image> {
    const names = Object.keys(image.properties)
    const answers = names.map((name) => this.allows(context, { name, action: 'read' }))
    if (answers.some((answer) => answer instanceof Promise)) {
      return Promise.all(answers).then((seen) => withOnly(image, { names, seen }))
    }
    return withOnly(image, { names, seen: answers as boolean[] })
  }

  #ruleOf(name: string): PropertyRule | undefined {
    if (this.#known.has(name)) return this.#known.get(name)
    const rule = this.#rules.find(({ pattern }) => pattern.test(name))
    if (this.#known.size >= rememberedNames) this.#known.clear()
    this.#known.set(name, rule)
    return rule
  }
}

function withOnly(image: Image, { names, seen }: { names: readonly string[]; seen: readonly boolean[] }): Image {
  if (!seen.includes(false)) return image
  const kept = names.filter((_, index) => seen[index])
  return { ...image, properties: Object.fromEntries(kept.map((name) => [name, image.properties[name] ?? null])) }
}
