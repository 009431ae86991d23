import { compare } from '../cli/replicator/compare.ts'
import { replicate } from '../cli/replicator/daemon.ts'
import { daemonFlags, readDaemonFlags } from '../cli/replicator/daemon-flags.ts'
import { dump } from '../cli/replicator/dump.ts'
import { livecopy } from '../cli/replicator/livecopy.ts'
import { load } from '../cli/replicator/load.ts'
import type { Run, Sides } from '../cli/replicator/run.ts'
import { totalSize } from '../cli/replicator/size.ts'

/** What a command is given: its arguments and flags, and the services that the arguments name, once it opens them. */
export interface Invocation {
  readonly args: readonly string[]
  readonly flags: Readonly<Record<string, unknown>>
  readonly run: Run
  open(side: keyof Sides, place: string): Promise<Sides['source']>
}

export interface ReplicatorCommand {
  readonly summary: string
  readonly args: readonly (readonly [name: string, help: string])[]
  readonly flags?: readonly (readonly [flags: string, help: string])[]
  /** @returns whether all is as the caller wants it; images that failed are counted in the report */
  readonly perform: (invocation: Invocation) => Promise<boolean>
}

const from = ['<fromserver:port>', 'the service to read'] as const
const folder = ['<path>', 'the folder'] as const

/** The commands by their names. */
export const commands: Readonly<Record<string, ReplicatorCommand>> = {
  compare: {
    summary: 'tell what the target lacks of the source',
    args: [from, ['<toserver:port>', 'the service to compare with']],
    flags: [['--exit-code', 'exit with 1 if there is a difference']],
    async perform({ flags, run, ...invocation }) {
      await compare(await openBoth(invocation), run)
      return !flags.exitCode || run.report.of('different') + run.report.of('missing') === 0
    },
  },
  daemon: {
    summary: 'keep another service up with a service, round by round',
    args: [from, ['<toserver:port>', 'the service to write']],
    flags: daemonFlags,
    async perform({ flags, run, ...invocation }) {
      const options = readDaemonFlags(flags, invocation.args)
      await replicate(await openBoth(invocation), { run, options })
      return true
    },
  },
  dump: {
    summary: 'write the images of a service into a folder',
    args: [['<server:port>', 'the service to read'], folder],
    async perform({ args: [place = '', path = ''], open, run }) {
      await dump(await open('source', place), { folder: path, run })
      return true
    },
  },
  livecopy: {
    summary: 'copy the images of a service to another one',
    args: [from, ['<toserver:port>', 'the service to write']],
    async perform({ run, ...invocation }) {
      await livecopy(await openBoth(invocation), run)
      return true
    },
  },
  load: {
    summary: 'make the images that a folder has from a dump',
    args: [['<server:port>', 'the service to write'], folder],
    async perform({ args: [place = '', path = ''], open, run }) {
      await load(await open('target', place), { folder: path, run })
      return true
    },
  },
  size: {
    // Either token will do: the reference takes the target's.
    summary: 'tell how large a dump would be',
    args: [['<server:port>', 'the service to read']],
    async perform({ args: [place = ''], open, run }) {
      const { sourcetoken } = run.config
      const client = await open(sourcetoken ? 'source' : 'target', place)
      process.stdout.write(`${await totalSize(client)}\n`)
      return true
    },
  },
}

async function openBoth({ args, open }: Pick<Invocation, 'args' | 'open'>): Promise<Sides> {
  const [source = '', target = ''] = args
  return { source: await open('source', source), target: await open('target', target) }
}
