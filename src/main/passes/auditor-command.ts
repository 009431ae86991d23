import { auditor } from './auditor.ts'
import { runProgram } from './command.ts'

/** `glance-auditor`. @returns the exit code */
export function main(argv: string[]): Promise<number> {
  return runProgram(auditor, argv)
}
