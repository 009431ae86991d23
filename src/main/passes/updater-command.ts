import { runProgram } from './command.ts'
import { updater } from './updater.ts'

/** `glance-updater`. @returns the exit code */
export function main(argv: string[]): Promise<number> {
  return runProgram(updater, argv)
}
