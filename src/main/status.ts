import { Command, CommanderError } from 'commander'
import { addConfigOptions, readConfigOptions } from './arguments.ts'
import { type CheckResult, results, runChecks } from './upgrade-checks.ts'
import { version } from './version.ts'

/** What is neither a result nor a wrong command line. */
const unexpected = 255
const title = 'Upgrade Check Results'
const detailsWidth = 60

const notes = `
Exit codes: 0 all is well; 1 something should be looked at; 2 an upgrade would fail, or the command line is wrong;
255 a check broke down.`

/**
 * `glance-status`. @returns the exit code: that of the worst result, or 255 if a check breaks down
 * @see oslo_upgradecheck `upgradecheck.py`
 */
export async function main(argv: string[]): Promise<number> {
  let exitCode = 2
  const program = addConfigOptions(new Command('glance-status'))
    .description('Tells whether an installation is ready for an upgrade.')
    .version(version, '--version')
    .exitOverride()
  program
    .command('upgrade')
    .description('checks before services are started with new code')
    .command('check')
    .description('run all checks; nothing is changed')
    .option('--json', 'print JSON in place of a table')
    .addHelpText('after', notes)
    .action(async ({ json }: { json?: true }) => {
      exitCode = await check(program, { json: json === true })
    })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    process.stdout.write(`Error:\n${error instanceof Error ? error.stack : String(error)}\n`)
    return unexpected
  }
}

async function check(program: Command, { json }: { json: boolean }): Promise<number> {
  const found = await runChecks(readConfigOptions(program), process.env)
  process.stdout.write(`${json ? renderJson(found) : renderTable(found)}\n`)
  return Math.max(...found.map(({ result }) => results[result]))
}

function renderJson(found: readonly CheckResult[]): string {
  return JSON.stringify({ name: title, checks: found.map((one) => ({ ...one, result: results[one.result] })) })
}

/** One column, with a rule between the checks. */
function renderTable(found: readonly CheckResult[]): string {
  const cells = found.map(({ check, result, details }) => [
    `Check: ${check}`,
    `Result: ${result}`,
    ...wrap(`Details: ${details ?? 'None'}`),
  ])
  const width = Math.max(title.length, ...cells.flat().map((line) => line.length))
  const rule = `+${'-'.repeat(width + 2)}+`
  const draw = (line: string) => `| ${line.padEnd(width)} |`
  return [rule, draw(title), rule, ...cells.flatMap((cell) => [...cell.map(draw), rule])].join('\n')
}

/** Lines of at most `detailsWidth` signs, unless a word is longer. */
function wrap(text: string): string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < detailsWidth) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(lines.length === 0 ? word : `  ${word}`)
  }
  return lines
}
