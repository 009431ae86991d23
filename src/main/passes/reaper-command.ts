import { runProgram } from './command.ts'
import { reaper } from './reaper.ts'

/** `glance-reaper`. @returns the exit code */
export function main(argv: string[]): Promise<number> {
  return runProgram(reaper, argv)
}
