import { Command, CommanderError, Option } from 'commander'
import { Config } from '../config/config.ts'
import { ConfigError } from '../config/fault.ts'
import { knownOptions } from '../config/known-options.ts'
import type { Credentials } from '../domain/policy/credentials.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { defaultRules, type RuleName } from '../domain/policy/rules/index.ts'
import { renderPolicySample } from '../domain/policy/sample.ts'
import type { PolicyTarget } from '../domain/policy/target.ts'
import { GlimpseError } from '../errors/error.ts'
import type { Logger } from '../ports/logger.ts'
import { readPolicy } from './compose-policy.ts'
import { version } from './version.ts'

interface Flags {
  readonly check?: string
  readonly table?: boolean
  readonly role?: readonly string[]
  readonly serviceRole?: readonly string[]
  readonly projectId: string
  readonly userId: string
  readonly systemScope?: 'all'
  readonly target?: readonly (readonly [string, string])[]
  readonly configFile?: readonly string[]
  readonly configDir?: readonly string[]
}

const exitCodes = { allowed: 0, denied: 1, failed: 2 } as const

const notes = `
Without --check and --table the built-in rules are printed as a policy.yaml to start from.

The rules asked are those that the service would ask: the built-in ones with policy_file and policy_dirs of the
configuration over them. The object asked about belongs to the caller's project and is shared, unless --target says
otherwise. Tokens hold the roles that others imply: name all of them, as in --role member,reader. Unless
enforce_new_defaults is set, changing an image takes an admin or its owner besides.

Exit codes: 0 allowed, or printed; 1 denied (--check); 2 wrong command line, unknown rule or unusable configuration.`

/**
 * `glance-policy`: prints the built-in rules as a sample, and tells what a caller may do.
 * @returns the exit code
 * @see oslo.policy `oslopolicy-sample-generator`, `oslopolicy-checker`
 */
export async function main(argv: string[]): Promise<number> {
  const program = buildProgram()
  try {
    const flags = program.parse(argv, { from: 'user' }).opts<Flags>()
    if (flags.check === undefined && !flags.table) {
      process.stdout.write(renderPolicySample())
      return exitCodes.allowed
    }
    return await withPolicy(flags, (policy) => answer(policy, flags))
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.allowed : exitCodes.failed
    if (!(error instanceof ConfigError || error instanceof GlimpseError)) throw error
    process.stderr.write(`glance-policy: ${error.message}\n`)
    return exitCodes.failed
  }
}

function buildProgram(): Command {
  return new Command('glance-policy')
    .description('Prints the rules of the image service, and tells what a caller may do.')
    .version(version)
    .exitOverride()
    .allowExcessArguments(false)
    .addOption(new Option('--check <rule>', 'tell whether the caller may do what this rule guards').conflicts('table'))
    .option('--table', 'tell of every rule whether the caller may')
    .option('--role <names>', "the caller's roles; may be repeated", readNames)
    .option('--service-role <names>', 'roles of a service that passes the request on; may be repeated', readNames)
    .option('--project-id <id>', "the caller's project", 'project')
    .option('--user-id <id>', 'the caller', 'user')
    .addOption(
      new Option('--system-scope <scope>', 'a token for the whole system, not for one project').choices(['all']),
    )
    .option(
      '--target <key=value>',
      'an attribute of the object: project_id, visibility, member_id, ...; may be repeated',
      readTarget,
    )
    .option('--config-file <path>', 'configuration file; may be repeated, later ones win', collect)
    .option('--config-dir <path>', 'directory whose *.conf files are read after the files; may be repeated', collect)
    .addHelpText('after', notes)
}

function collect(value: string, all: readonly string[] = []): string[] {
  return [...all, value]
}

/** Roles, separated by commas; they are compared without regard to case. */
function readNames(value: string, all: readonly string[] = []): string[] {
  return [...all, ...value.toLowerCase().split(',')]
}

function readTarget(value: string, all: NonNullable<Flags['target']> = []): NonNullable<Flags['target']> {
  const at = value.indexOf('=')
  if (at < 1) throw new CommanderError(exitCodes.failed, 'target', complain(`--target ${value} is no key=value`))
  return [...all, [value.slice(0, at), value.slice(at + 1)]]
}

function complain(message: string): string {
  process.stderr.write(`glance-policy: ${message}\n`)
  return message
}

/** Tells what is wrong with rules; all else that a policy has to say is no matter here. */
const log: Logger = {
  debug: () => {},
  info: () => {},
  warn: (fields, message) => void complain(`${message}: ${JSON.stringify(fields)}`),
  error: (fields, message) => void complain(`${message}: ${JSON.stringify(fields)}`),
  child: () => log,
}

async function withPolicy(flags: Flags, use: (policy: Policy) => Promise<number>): Promise<number> {
  const config = await Config.load({
    files: flags.configFile ?? [],
    dirs: flags.configDir ?? [],
    program: 'glance-api',
    env: process.env,
  })
  const open = readPolicy(config)
  config.finish(knownOptions)
  const opened = await open(log)
  try {
    return await use(opened.policy)
  } finally {
    await opened.close()
  }
}

async function answer(policy: Policy, flags: Flags): Promise<number> {
  const { caller, target } = describe(flags)
  const allows = async (rule: string) => policy.allows(rule as RuleName, caller, target)
  if (flags.check !== undefined) {
    if (!policy.has(flags.check)) {
      complain(`there is no rule ${flags.check}`)
      return exitCodes.failed
    }
    const allowed = await allows(flags.check)
    process.stdout.write(`${flags.check}: ${allowed ? 'allowed' : 'denied'}\n`)
    return allowed ? exitCodes.allowed : exitCodes.denied
  }
  const width = Math.max(...Object.keys(defaultRules).map((rule) => rule.length))
  for (const [rule, { operations }] of Object.entries(defaultRules)) {
    const allowed = (await allows(rule)) ? 'allowed' : 'denied '
    process.stdout.write(`${allowed}  ${rule.padEnd(width)}  ${operations.join(', ')}`.trimEnd().concat('\n'))
  }
  return exitCodes.allowed
}

function describe({ role = [], serviceRole = [], target = [], ...flags }: Flags): {
  caller: Credentials
  target: PolicyTarget
} {
  const systemScope = flags.systemScope ?? null
  const inProject = systemScope === null
  const caller: Credentials = {
    userId: flags.userId,
    projectId: inProject ? flags.projectId : null,
    userDomainId: 'default',
    projectDomainId: inProject ? 'default' : null,
    domainId: null,
    roles: role,
    systemScope,
    serviceRoles: serviceRole,
  }
  const given = new Map<string, unknown>(target)
  const owner = given.get('project_id') ?? given.get('owner') ?? flags.projectId
  const usual = { project_id: owner, owner, user_id: flags.userId, visibility: 'shared', member_id: null }
  return { caller, target: new Map<string, unknown>([...Object.entries(usual), ...given]) }
}
