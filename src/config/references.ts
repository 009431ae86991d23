const reference = /\$(?:(\$)|([_a-z][._a-z0-9]*)|\{([_a-z][._a-z0-9]*)\})/gi

/**
 * Replaces `$name`, `${name}`, `$group.name` and `${group.name}` by what `lookup` gives for the name; `$$` and `\$` give a
 * plain dollar sign, and a dollar sign before anything else stands for itself.
 * @throws what `lookup` throws for a name it does not know
 * @see oslo_config `cfg.py`: `ConfigOpts._substitute`
 */
export function substitute(text: string, lookup: (name: string) => string): string {
  if (!text.includes('$')) return text
  return text
    .replaceAll('\\$', '$$$$')
    .replace(reference, (_, dollar?: string, name?: string, braced?: string) => dollar ?? lookup(name ?? braced ?? ''))
}
