import { runService } from './service.ts'
import { readApiSettings } from './settings.ts'

/** glance-api: serves the Image API until it is told to stop. @returns the exit code */
export function main(argv: string[]): Promise<number> {
  return runService(
    {
      name: 'glance-api',
      description: 'Serves the OpenStack Image API.',
      read: readApiSettings,
      // Imported where it is used: the process that only supervises stays small.
      serve: async (settings, log) => (await import('./serve-api.ts')).serveApi(settings, log),
    },
    argv,
  )
}
