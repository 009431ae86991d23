import { GlimpseError } from '../errors/error.ts'

/** One thing that is wrong in the configuration. */
export interface Fault {
  /** `FILE:LINE`, the name of an environment variable, or `command line`. */
  readonly place: string
  readonly group?: string
  readonly option?: string
  /** What stands there, as a JSON string; absent for options that are secret. */
  readonly found?: string
  /** What is wrong or what was expected, without a secret. */
  readonly problem: string
}

/** All that is wrong in the configuration, one line for each fault. */
export class ConfigError extends GlimpseError<'config_invalid'> {
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    super('config_invalid', { faults: faults.map(describeFault) })
    this.faults = faults
  }
}

function describeFault({ place, group, option, found, problem }: Fault): string {
  const what = option === undefined ? '' : ` [${group}] ${option}${found === undefined ? '' : ` = ${found}`}:`
  return `${place}:${what} ${problem}`
}
