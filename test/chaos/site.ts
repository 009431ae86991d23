import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../peers/ports.ts'
import { keystoneSections, mergeSections, type Sections } from '../support/config-file.ts'
import type { TestDatabase } from '../support/databases.ts'
import { glimpse, manage } from '../support/implementations.ts'
import { peers } from '../support/peers.ts'
import { childrenOf } from '../support/process-children.ts'
import { type BucketView, newBucketName, type S3Peer, s3Peers, viewBucket } from '../support/s3.ts'
import { type Service, startGlimpse, writeServiceConfig } from '../support/service.ts'
import { probedEnvironment, startControl } from './loop-report.ts'

export const leaseSeconds = 3

/** Two nodes of two workers each, on one MariaDB, with shared stores and a shared staging area. */
export interface Site extends AsyncDisposable {
  readonly directory: string
  readonly database: TestDatabase
  /** One of them may just be down. */
  readonly nodes: readonly Service[]
  /** Folders of the file stores, by id. */
  readonly fileStores: Readonly<Record<string, string>>
  /** The store `s3`. */
  readonly bucket: BucketView | undefined
  readonly staging: string
  /** Where the event loops' lateness is written down. */
  readonly probes: { readonly services: string; readonly control: string }
  metricsUrls: readonly string[]
  workers(node: number): Promise<number[]>
  /** Starts a node again, whether it runs or not. */
  restart(node: number): Promise<void>
}

export interface SiteOptions {
  /** With Keystone and a store that speaks S3; without them, whoever asks may do everything. */
  readonly isLarge: boolean
  /** Ports on this machine that imports may fetch from. */
  readonly fetchPorts: readonly number[]
}

export async function startSite({ isLarge, fetchPorts }: SiteOptions): Promise<Site> {
  const { mariadb } = await peers('mariadb')
  const directory = await mkdtemp(join(tmpdir(), 'glimpse-chaos-'))
  await using cleanup = new AsyncDisposableStack()
  cleanup.defer(() => rm(directory, { recursive: true, force: true }))
  const database = cleanup.use(await mariadb.createDatabase())
  const folder = async (name: string) => {
    const path = join(directory, name)
    await mkdir(path, { recursive: true })
    return path
  }
  const fileStores = { one: await folder('one'), two: await folder('two') }
  const staging = await folder('staging')
  const probes = { services: await folder('late'), control: await folder('late-control') }
  cleanup.use(startControl(probes.control))
  const s3 = isLarge ? await openBucket() : undefined
  const bucket = s3 && cleanup.use(s3.view)
  const metricsPorts = [await freePort(), await freePort()]
  const shared = mergeSections(
    isLarge ? await identitySections() : {},
    {
      DEFAULT: {
        enabled_backends: `one:file,two:file${s3 ? ',s3:s3' : ''}`,
        enabled_import_methods: '[glance-direct,web-download,copy-image,glance-download]',
        workers: 2,
      },
      database: { connection: database.url },
      glance_store: { default_backend: 'one' },
      one: { filesystem_store_datadir: fileStores.one },
      two: { filesystem_store_datadir: fileStores.two },
      os_glance_staging_store: { filesystem_store_datadir: staging },
      import_filtering_opts: { allowed_hosts: '[127.0.0.1]', allowed_ports: `[${fetchPorts.join()}]` },
      glimpse: { job_lease: leaseSeconds },
      ...(isLarge && {
        image_import_opts: { image_import_plugins: '[image_conversion]' },
        image_conversion: { output_format: 'raw' },
      }),
    },
    s3?.sections ?? {},
  )
  const optionsOf = (node: number) => ({
    directory: join(directory, `node-${node}`),
    config: mergeSections(shared, { glimpse: { metrics_port: metricsPorts[node] } }),
    env: probedEnvironment(probes.services),
  })
  await manage(glimpse, await writeServiceConfig(glimpse, { ...optionsOf(0), port: 1 }), ['db_sync'])
  const nodes: Service[] = []
  cleanup.defer(async () => {
    for (const node of nodes) await node.stop()
  })
  for (const node of [0, 1]) nodes.push(await startGlimpse(optionsOf(node)))
  const kept = cleanup.move()
  return {
    ...{ directory, database, nodes, fileStores, bucket, staging, probes },
    metricsUrls: metricsPorts.map((port) => `http://127.0.0.1:${port}/metrics`),
    workers: (node) => childrenOf(nodes[node]?.pid ?? 0),
    async restart(node) {
      nodes[node] = await (nodes[node] as Service).restart()
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

async function identitySections(): Promise<Sections> {
  const { keystone, memcached } = await peers('keystone', 'memcached')
  // On a busy machine Keystone takes its time.
  return mergeSections(keystoneSections(keystone, memcached), { keystone_authtoken: { http_connect_timeout: 60 } })
}

async function openBucket(): Promise<{ sections: Sections; view: BucketView }> {
  const peer: S3Peer = await s3Peers.radosgw()
  const name = newBucketName()
  const sections = {
    s3: {
      s3_store_host: `http://${peer.host}:${peer.port}`,
      s3_store_access_key: peer.accessKey,
      s3_store_secret_key: peer.secretKey,
      s3_store_bucket: name,
      s3_store_create_bucket_on_put: true,
      s3_store_bucket_url_format: 'path',
      s3_store_large_object_size: 16,
      s3_store_large_object_chunk_size: 8,
    },
  }
  return { sections, view: viewBucket(peer, name) }
}
