import { Command, Option } from 'commander'

export interface ServiceArguments {
  readonly files: readonly string[]
  readonly dirs: readonly string[]
  readonly debug: boolean
  /** Options of `[DEFAULT]` that the command line sets, by name; they stand above the files. */
  readonly overrides: Readonly<Record<string, string>>
}

/** Options of oslo.log that are accepted, as they are in files, and have no effect. */
const withoutEffect = [
  ...['--log-config-append <path>', '--log-date-format <format>', '--syslog-log-facility <facility>'],
  ...['--use-syslog', '--nouse-syslog', '--use-journal', '--nouse-journal', '--watch-log-file', '--nowatch-log-file'],
]

/** Adds what every program of Glance takes: oslo.config's own options, and oslo.log's. */
export function addConfigOptions(command: Command): Command {
  const collect = (value: string, all: string[]): string[] => [...all, value]
  const repeated = (flags: string, help: string) =>
    new Option(flags, help).argParser(collect).default([], 'those found by name')
  command
    .addOption(repeated('--config-file <path>', 'configuration file; may be repeated, later ones win'))
    .addOption(
      repeated('--config-dir <path>', 'directory whose *.conf files are read after the files; may be repeated'),
    )
    .option('-d, --debug', 'log debug messages')
    .option('--nodebug', 'log no debug messages, whatever the configuration says')
    .option('--log-file <path>', 'file that the log is appended to, in place of standard error')
    .option('--log-dir <path>', 'directory of the log file')
    .option('--use-json', 'log JSON objects')
    .option('--nouse-json', 'log lines, whatever the configuration says')
  for (const flags of ['--logfile <path>', '--logdir <path>', ...withoutEffect]) {
    command.addOption(new Option(flags).hideHelp())
  }
  return command
}

interface Given {
  readonly configFile: string[]
  readonly configDir: string[]
  readonly debug?: true
  readonly nodebug?: true
  readonly logFile?: string
  readonly logfile?: string
  readonly logDir?: string
  readonly logdir?: string
  readonly useJson?: true
  readonly nouseJson?: true
}

/** What was given of the options that `addConfigOptions` has added. */
export function readConfigOptions(command: Command): ServiceArguments {
  const given = command.opts<Given>()
  const values = {
    debug: given.nodebug ? 'false' : given.debug && 'true',
    log_file: given.logFile ?? given.logfile,
    log_dir: given.logDir ?? given.logdir,
    use_json: given.nouseJson ? 'false' : given.useJson && 'true',
  }
  return {
    files: given.configFile,
    dirs: given.configDir,
    debug: values.debug === 'true',
    overrides: Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => !!entry[1])),
  }
}

/** Reads the command line of a service. `--help` and `--version` print and end the process. */
export function parseServiceArguments(
  program: { name: string; description: string; version: string },
  argv: string[],
): ServiceArguments {
  const command = new Command(program.name).description(program.description).version(program.version, '--version')
  return readConfigOptions(addConfigOptions(command).parse(argv, { from: 'user' }))
}
