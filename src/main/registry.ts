import { readRegistrySettings } from './registry-settings.ts'
import { runService } from './service.ts'

/** glance-registry: serves the database to API nodes until it is told to stop. @returns the exit code */
export function main(argv: string[]): Promise<number> {
  return runService(
    {
      name: 'glance-registry',
      description: 'Serves the metadata of images to API nodes that hold no credentials of the database.',
      read: readRegistrySettings,
      serve: async (settings, log) => (await import('./serve-registry.ts')).serveRegistry(settings, log),
    },
    argv,
  )
}
