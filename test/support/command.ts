import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'

/** The folder of the launchers in this repository. */
export const launchers = resolve(import.meta.dirname, '../../bin')

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end with no input, in that folder and with that environment only. A signal gives the code -1. */
export function runCommand(
  file: string,
  args: readonly string[],
  { cwd, env }: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Outcome> {
  return new Promise((settle) => {
    const child = execFile(file, args, { cwd, env: env ?? {}, encoding: 'utf8' }, (_, stdout, stderr) => {
      settle({ code: child.exitCode ?? -1, stdout, stderr })
    })
    child.stdin?.end()
  })
}

/** The path of a launcher. */
export function launcher(name: string): string {
  return join(launchers, name)
}
