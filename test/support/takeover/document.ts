import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

const path = resolve(import.meta.dirname, '../../../docs/operations.md')

/** The commands by which docs/operations.md replaces Glance, by the name behind `sh take-over/` of their block. */
export type Commands = ReadonlyMap<string, string>

export async function readCommands(): Promise<Commands> {
  const blocks = (await readFile(path, 'utf8')).matchAll(/^```sh take-over\/([a-z-]+)\n(.*?)^```$/gms)
  return new Map([...blocks].map(([, name = '', text = '']) => [name, text]))
}

/** Names of the variables that the block `settings` sets; the other blocks use them. */
export function settingNames(commands: Commands): string[] {
  const settings = commands.get('settings') ?? ''
  return [...settings.matchAll(/^([A-Z]+)=/gm)].map(([, name = '']) => name).sort()
}
