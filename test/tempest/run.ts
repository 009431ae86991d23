import { globSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { execute, run } from '../peers/processes.ts'
import { parseSubunit, type TempestResult } from './subunit.ts'

const packagesDirectory = '/usr/lib/python3/dist-packages'

/** Every module of Tempest's image tests and of the plugin's, by its Python name. */
export function tempestModules(): string[] {
  return globSync(['tempest/api/image/v2/**/test_*.py', 'glance_tempest_plugin/tests/**/test_*.py'], {
    cwd: packagesDirectory,
  })
    .map((path) => path.slice(0, -'.py'.length).replaceAll('/', '.'))
    .sort()
}

/**
 * Runs modules of tests with the `tempest.conf` of that folder, several processes at a time, which mostly wait for the
 * services.
 */
export async function runTempest(
  modules: readonly string[],
  { directory, processes = 4 }: { directory: string; processes?: number },
): Promise<Map<string, TempestResult>> {
  await mkdir(join(directory, 'results'), { recursive: true })
  const results = new Map<string, TempestResult>()
  const waiting = [...modules]
  const worker = async () => {
    for (let module = waiting.shift(); module !== undefined; module = waiting.shift()) {
      for (const [name, result] of await runModule(module, directory)) results.set(name, result)
    }
  }
  await Promise.all(Array.from({ length: processes }, worker))
  return new Map([...results].sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function runModule(module: string, directory: string): Promise<Map<string, TempestResult>> {
  const path = join(directory, 'results', module)
  const env = { ...process.env, TEMPEST_CONFIG_DIR: directory, TEMPEST_CONFIG: 'tempest.conf' }
  const options = { env, cwd: directory, timeoutMs: 1_500_000 }
  const { stderr } = await execute(
    ['/bin/sh', '-c', 'exec /usr/bin/python3 -m subunit.run "$1" > "$0"', path, module],
    options,
  )
  const results = parseSubunit(await run(['/bin/sh', '-c', 'exec subunit-2to1 < "$0"', path]))
  if (results.size === 0) throw new Error(`${module} ran no test:\n${stderr}`)
  return results
}
