import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { peers } from '../support/peers.ts'
import { PatientClient } from './client.ts'
import { type Content, makeContents } from './contents.ts'
import { type ImportOutcome, type ImportPlan, type Method, methods, runImport } from './import-run.ts'
import { violations } from './invariants.ts'
import { type LoopReport, loopReport } from './loop-report.ts'
import { type Havoc, Monkey } from './monkey.ts'
import { Random } from './random.ts'
import { type Remote, startRemote } from './remote.ts'
import { leaseSeconds, type Site, startSite } from './site.ts'
import { manners, type SourceServer, startSourceServer } from './source-server.ts'

export interface ChaosOptions {
  readonly imports: number
  readonly seed: number
  readonly leastMib: number
  readonly mostMib: number
  /** The killing ends after that, or when all imports have ended. */
  readonly seconds: number
  /** Imports at a time. */
  readonly atOnce: number
  /** With Keystone, a second image service to download from, a store that speaks S3, and conversion. */
  readonly isLarge: boolean
  /** Speed of each source. */
  readonly mibPerSecond: number
  readonly tell: (line: string) => void
}

export interface ChaosResult {
  readonly outcomes: readonly ImportOutcome[]
  readonly havoc: Havoc
  readonly loops: LoopReport
  readonly source: SourceServer['counts']
  /** What was lost or left. */
  readonly violations: readonly string[]
}

/** Longest time of one turn of an event loop. */
export const allowedMs = 50
/** After the last kill: leases run out, jobs are taken over, transfers are repeated. */
const restMs = 180_000

/** Imports while services are killed, and looks at what is left in the end. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { isLarge, leastMib, mostMib, seed } = options
  const random = new Random(seed)
  await using cleanup = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'glimpse-chaos-sources-'))
  cleanup.defer(() => rm(directory, { recursive: true, force: true }))
  const contents = await makeContents(directory, { leastMib, mostMib, converted: isLarge })
  const bytesPerSecond = options.mibPerSecond * 2 ** 20
  const source = cleanup.use(await startSourceServer(contents, { random, bytesPerSecond }))
  const { token, remote } = isLarge ? await withRemote(contents, directory) : { token: '', remote: undefined }
  if (remote) cleanup.use(remote)
  const fetchPorts = [source.port, ...(remote ? [remote.port] : [])]
  const site = cleanup.use(await startSite({ isLarge, fetchPorts }))
  const over = new AbortController()
  cleanup.defer(() => over.abort())
  const urls = site.nodes.map(({ url }) => url)
  const client = new PatientClient(urls, { token, signal: over.signal })
  const plans = plan(contents, { ...options, random, source, remote })
  const { outcomes, havoc } = await importUnderFire(plans, { ...options, site, client })
  options.tell('the killing has ended')
  // What the dead have begun to write goes when a process starts.
  await Promise.all([0, 1].map((node) => site.restart(node)))
  const found = await violations(site, { outcomes, client, restMs })
  const loops = await loopReport(site.probes, { allowedMs, frozen: havoc.frozen })
  return { outcomes, havoc, loops, source: source.counts, violations: found }
}

async function withRemote(contents: readonly Content[], directory: string): Promise<{ token: string; remote: Remote }> {
  const { keystone } = await peers('keystone')
  const user = await keystone.createUser({ roles: ['admin', 'member', 'reader'] })
  const token = await user.token()
  return { token, remote: await startRemote(contents, { keystone, token, directory }) }
}

/** Methods take turns; all else is left to chance. */
function plan(
  contents: readonly Content[],
  options: ChaosOptions & { random: Random; source: SourceServer; remote: Remote | undefined },
): ImportPlan[] {
  const { imports, random, source, remote, isLarge, mibPerSecond } = options
  const usable: readonly Method[] = isLarge ? methods : methods.filter((method) => method !== 'glance-download')
  const choices = [undefined, ['two'], ['one', 'two'], ...(isLarge ? [['s3'], ['two', 's3']] : [])]
  return Array.from({ length: imports }, (_, index) => {
    const [id, content] = [random.uuid(), random.pick(contents)]
    const method = usable[index % usable.length] as Method
    const stores = random.pick(choices)
    return {
      ...{ id, method, content, bytesPerSecond: mibPerSecond * 2 ** 20 },
      stores: method === 'copy-image' ? stores?.filter((store) => store !== 'one') : stores,
      url: source.urlOf(content, { manner: random.pick(manners), id }),
      remote: { region: remote?.region ?? '', imageId: remote?.imageIds.get(content.name) ?? '' },
    }
  })
}

async function importUnderFire(
  plans: readonly ImportPlan[],
  options: ChaosOptions & { site: Site; client: PatientClient },
): Promise<{ outcomes: ImportOutcome[]; havoc: Havoc }> {
  const { site, client, seconds, atOnce, tell } = options
  const startedAt = performance.now()
  const say = (line: string) => tell(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${line}`)
  const pauses = { leastPauseMs: 1_500, mostPauseMs: 5_000, freezeMs: (leaseSeconds + 1.5) * 1_000 }
  const monkey = new Monkey(site, { ...pauses, random: new Random(options.seed + 1), tell: say })
  const done = new AbortController()
  const killing = monkey.run(AbortSignal.any([done.signal, AbortSignal.timeout(seconds * 1_000)]))
  const waiting = [...plans]
  const outcomes: ImportOutcome[] = []
  const importing = Array.from({ length: atOnce }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const outcome = await runImport(next, client)
      outcomes.push(outcome)
      const { method, content, id } = next
      say(`${outcomes.length}/${plans.length} ${method} of ${content.name} ${id}: ${outcome.status} ${outcome.reason}`)
    }
  })
  await Promise.all([killing, Promise.all(importing).finally(() => done.abort())])
  return { outcomes, havoc: monkey.havoc }
}
