import { Command } from 'commander'

export interface ServiceArguments {
  readonly files: readonly string[]
  readonly dirs: readonly string[]
  readonly debug: boolean
}

/** Reads the command line of a service: oslo.config's own arguments. `--help` and `--version` print and end the process. */
export function parseServiceArguments(
  program: { name: string; description: string; version: string },
  argv: string[],
): ServiceArguments {
  const collect = (value: string, all: string[]): string[] => [...all, value]
  const command = new Command(program.name)
    .description(program.description)
    .version(program.version)
    .option('--config-file <path>', 'configuration file; may be repeated, later ones win', collect, [])
    .option(
      '--config-dir <path>',
      'directory whose *.conf files are read after the files; may be repeated',
      collect,
      [],
    )
    .option('-d, --debug', 'log debug messages', false)
    .parse(argv, { from: 'user' })
  const { configFile, configDir, debug } = command.opts<{ configFile: string[]; configDir: string[]; debug: boolean }>()
  return { files: configFile, dirs: configDir, debug }
}
