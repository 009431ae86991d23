import type { Repositories } from '../../src/ports/repositories.ts'

const ports = ['images', 'members', 'tasks', 'scrub', 'jobs', 'metadefs', 'quota'] as const

/** Repositories whose every call goes to another node than the call before. */
export function alternating(nodes: readonly Repositories[]): Repositories {
  let turn = 0
  const next = () => nodes[turn++ % nodes.length] as Repositories
  const [first] = nodes as [Repositories]
  const port = (name: (typeof ports)[number]) =>
    new Proxy(first[name], {
      get:
        (_, method) =>
        (...args: unknown[]) => {
          const target = next()[name] as unknown as Record<PropertyKey, (...given: unknown[]) => unknown>
          return target[method]?.(...args)
        },
    })
  return {
    ...first,
    ...Object.fromEntries(ports.map((name) => [name, port(name)])),
    ping: () => next().ping(),
    close: async () => {
      for (const node of nodes) await node.close()
    },
  }
}
