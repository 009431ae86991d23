/** A request that an application credential may make. */
export interface AccessRule {
  readonly service: string
  readonly method: string
  /** With `{name}` and `*` for one segment, `**` for any number. */
  readonly path: string
}

/**
 * Whether one of the rules is for such a request to this service.
 * @see keystonemiddleware `auth_token/__init__.py` validate_allowed_request
 */
export function permits(
  rules: readonly AccessRule[],
  request: { readonly service: string; readonly method: string; readonly path: string },
): boolean {
  return rules.some(
    ({ service, method, path }) =>
      service === request.service && method === request.method && pattern(path).test(request.path),
  )
}

function pattern(path: string): RegExp {
  const source = path.replace(/\*\*|\*|\{[^}]*\}|[^*{}]+|[{}]/g, (part) => {
    if (part === '**') return '.*'
    if (part === '*' || (part.startsWith('{') && part.length > 1)) return '[^/]+'
    return RegExp.escape(part)
  })
  return new RegExp(`^${source}$`)
}
