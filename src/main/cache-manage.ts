import { createInterface } from 'node:readline/promises'
import { Command, CommanderError } from 'commander'
import { CacheClient } from '../cli/cache/client.ts'
import { type CacheCommand, type CommandContext, cacheCommands } from '../cli/cache/commands.ts'
import { Http, HttpFailure } from '../cli/http.ts'
import { openSession } from '../cli/session.ts'
import type { Settings } from '../cli/settings.ts'
import { version } from './version.ts'

interface Flags {
  readonly verbose?: true
  readonly debug?: true
  readonly force?: true
  readonly insecure?: true
  readonly host: string
  readonly port: string
  readonly osAuthToken?: string
  readonly osUsername?: string
  readonly osPassword?: string
  readonly osRegionName?: string
  readonly osProjectId?: string
  readonly osProjectName?: string
  readonly osUserDomainId?: string
  readonly osProjectDomainId?: string
  readonly osDomainId: string
  readonly osAuthUrl?: string
  readonly osAuthStrategy?: string
}

const uuid = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i

/**
 * `glance-cache-manage`: manages the cache of a node whose flavor has cachemanagement.
 * @returns the exit code: 0, 1 for a failure, 2 for a wrong command line
 * @see glance `cmd/cache_manage.py`
 */
export async function main(argv: string[]): Promise<number> {
  const program = buildProgram()
  try {
    program.parse(argv.map(modernSpelling), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : 2
  }
  const [name = 'help', ...rest] = program.processedArgs[0] as string[]
  if (name === 'help' && rest.length === 0) {
    program.outputHelp()
    return 0
  }
  const command = cacheCommands[name === 'help' ? (rest[0] ?? '') : name]
  if (command === undefined) {
    process.stdout.write(`\nError: "${name === 'help' ? rest[0] : name}" is not a valid command.\n\n${commandHelp()}`)
    process.stderr.write(`Unknown command: ${name === 'help' ? rest[0] : name}\n`)
    return 1
  }
  if (name === 'help') {
    print(`glance-cache-manage ${rest[0]}${command.takesImage ? ' <IMAGE_ID>' : ''} [options]\n\n${command.summary}.`)
    return 0
  }
  return perform({ name, command, args: rest }, program.opts<Flags>())
}

function buildProgram(): Command {
  const env = process.env
  return new Command('glance-cache-manage')
    .description(`Manages the image cache of a node.\n\n${commandHelp()}`)
    .version(version, '--version')
    .exitOverride()
    .argument('<command...>', 'what to do, and with which image')
    .option('-v, --verbose', 'say what was done')
    .option('-d, --debug', 'show where a failure comes from')
    .option('-H, --host <address>', 'host of the image service', '0.0.0.0')
    .option('-p, --port <port>', 'port of the image service', '9292')
    .option('-k, --insecure', 'accept any certificate of Keystone')
    .option('-f, --force', 'ask nothing')
    .option('-A, --os-auth-token <token>', 'token (OS_AUTH_TOKEN)', env.OS_AUTH_TOKEN)
    .option('-I, --os-username <name>', 'user (OS_USERNAME)', env.OS_USERNAME)
    .option('-K, --os-password <password>', 'password (OS_PASSWORD)')
    .option('-R, --os-region-name <name>', 'region (OS_REGION_NAME)', env.OS_REGION_NAME)
    .option('--os-project-id <id>', 'project (OS_PROJECT_ID)', env.OS_PROJECT_ID)
    .option('-T, --os-project-name <name>', 'project (OS_PROJECT_NAME)', env.OS_PROJECT_NAME)
    .option('--os-user-domain-id <id>', 'domain of the user (OS_USER_DOMAIN_ID)', env.OS_USER_DOMAIN_ID)
    .option('--os-project-domain-id <id>', 'domain of the project (OS_PROJECT_DOMAIN_ID)', env.OS_PROJECT_DOMAIN_ID)
    .option('--os-domain-id <id>', 'domain of both (OS_DOMAIN_ID)', env.OS_DOMAIN_ID || 'default')
    .option('-N, --os-auth-url <url>', 'address of Keystone (OS_AUTH_URL)', env.OS_AUTH_URL)
    .option('-S, --os-auth-strategy <strategy>', 'keystone or noauth')
}

/** `--os_auth_url` and the like are old spellings. */
function modernSpelling(argument: string): string {
  const [flag = '', ...value] = argument.split('=')
  if (!/^--(os_|auth_token)/.test(flag)) return argument
  return [flag.replace(/^--auth_/, '--os_auth_').replaceAll('_', '-'), ...value].join('=')
}

function commandHelp(): string {
  const lines = Object.entries(cacheCommands).map(([name, { summary }]) => `    ${name.padEnd(28)}${summary}\n`)
  return ['Commands:\n', '    help <command>              Tell more of a command\n', ...lines].join('\n')
}

async function perform(
  { name, command, args }: { name: string; command: CacheCommand; args: readonly string[] },
  flags: Flags,
): Promise<number> {
  const [imageId = ''] = args
  if (command.takesImage && args.length !== 1) {
    print(`Please give the ID of one image to '${name}', and nothing else.`)
    return 1
  }
  if (command.takesImage && !uuid.test(imageId)) {
    print(`Image ID '${imageId}' is not a valid UUID.`)
    return 1
  }
  const startedAt = performance.now()
  const http = await Http.open({ verify: flags.insecure !== true })
  try {
    const session = await openSession(settingsOf(flags), http)
    await command.run(contextOf(new CacheClient(http, session), flags), imageId)
    if (flags.verbose) print(`Completed in ${((performance.now() - startedAt) / 1000).toFixed(4)} sec.`)
    return 0
  } catch (error) {
    if (flags.debug) throw error
    for (const line of failureLines(error, { command, flags })) print(line)
    return 1
  } finally {
    await http.close()
  }
}

function contextOf(client: CacheClient, flags: Flags): CommandContext {
  return {
    client,
    isVerbose: flags.verbose === true,
    print,
    async confirm(question) {
      if (flags.force) return true
      const terminal = createInterface({ input: process.stdin, output: process.stdout })
      try {
        const answer = await terminal.question(`${question} [y/N] `)
        return ['y', 'yes'].includes(answer.toLowerCase())
      } finally {
        terminal.close()
      }
    },
  }
}

function failureLines(error: unknown, { command, flags }: { command: CacheCommand; flags: Flags }): string[] {
  const status = error instanceof HttpFailure ? error.status : undefined
  if (status === 404) return [`Cache management middleware not enabled on host ${flags.host}`]
  if (status === 403) return ['Not authorized to make this request.']
  return [`Failed to ${command.action}. Got error:`, error instanceof Error ? error.message : String(error)]
}

/** The node is named by its address: one entry of the catalog may stand for several, each with a cache of its own. */
function settingsOf(flags: Flags): Settings {
  const host = flags.host.includes(':') && !flags.host.includes('/') ? `[${flags.host}]` : flags.host
  const endpoint = host.includes('://') ? host : `http://${host}:${flags.port}`
  const verify = flags.insecure !== true
  if (flags.osAuthToken) return { authType: 'token_endpoint', endpoint, token: flags.osAuthToken, verify }
  if (!flags.osAuthUrl || flags.osAuthStrategy === 'noauth') return { authType: 'none', endpoint, verify }
  const password = flags.osPassword ?? process.env.OS_PASSWORD
  return {
    authType: 'password',
    endpoint,
    verify,
    auth_url: flags.osAuthUrl,
    user_domain_id: flags.osUserDomainId ?? flags.osDomainId,
    project_domain_id: flags.osProjectDomainId ?? flags.osDomainId,
    ...(flags.osUsername && { username: flags.osUsername }),
    ...(password && { password }),
    ...(flags.osProjectId && { project_id: flags.osProjectId }),
    ...(flags.osProjectName && { project_name: flags.osProjectName }),
    ...(flags.osRegionName && { region_name: flags.osRegionName }),
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
