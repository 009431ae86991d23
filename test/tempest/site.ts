import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../peers/ports.ts'
import { keystoneSections, mergeSections, type Sections, writeConfigFile } from '../support/config-file.ts'
import { type Implementation, manage } from '../support/implementations.ts'
import type { KeystonePeer } from '../support/keystone.ts'
import { peers } from '../support/peers.ts'
import { type Service, startService, writeServiceConfig } from '../support/service.ts'

/** What Tempest is pointed at, and where it reads so. */
export interface Site extends AsyncDisposable {
  /** Holds `tempest.conf`. */
  readonly directory: string
  /** Two nodes of the image service. */
  readonly nodes: readonly Service[]
}

/**
 * Two nodes of the image service on one database, with every feature that Tempest asks for: two file stores and an http
 * store, import by all methods, locations, the image cache, scopes and personas. The second node stands in the catalog as
 * `image_remote`.
 */
export async function startSite(implementation: Implementation): Promise<Site> {
  const { mariadb, keystone, memcached } = await peers('mariadb', 'keystone', 'memcached')
  const directory = await mkdtemp(join(tmpdir(), `glimpse-tempest-${implementation.name}-`))
  await using cleanup = new AsyncDisposableStack()
  cleanup.defer(() => rm(directory, { recursive: true, force: true }))
  const database = cleanup.use(await mariadb.createDatabase())
  const web = cleanup.use(await serveImage())
  const ports = [await freePort(), await freePort()]
  const shared = mergeSections(
    keystoneSections(keystone, memcached),
    { database: { connection: database.url } },
    await features(directory, [web.port, ...ports]),
  )
  const nodes: Service[] = []
  for (const port of ports) {
    const folder = join(directory, `node-${port}`)
    const config = mergeSections(shared, {
      DEFAULT: { worker_self_reference_url: `http://127.0.0.1:${port}`, image_cache_dir: join(folder, 'cache') },
      paste_deploy: { flavor: 'keystone+cachemanagement' },
    })
    const options = { directory: folder, config, port }
    await mkdir(join(folder, 'cache'), { recursive: true })
    if (nodes.length === 0) {
      const configPaths = await writeServiceConfig(implementation, options)
      await manage(implementation, configPaths, ['db_sync'])
      await manage(implementation, configPaths, ['db_load_metadefs', '/usr/share/glance-common/metadefs'])
    }
    nodes.push(cleanup.use(await startService(implementation, options)))
  }
  const [first, second] = nodes as [Service, Service]
  const region = await register(keystone, { image: first.url, image_remote: second.url })
  cleanup.defer(region.remove)
  const configPath = join(directory, 'tempest.conf')
  await writeConfigFile(configPath, tempestSections(keystone, { directory, region: region.id, imageUrl: web.url }))
  const kept = cleanup.move()
  return { directory, nodes, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** A small web server with one image of 1 MiB. */
async function serveImage(): Promise<AsyncDisposable & { url: string; port: number }> {
  const image = Buffer.alloc(1024 * 1024, 'image ')
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/octet-stream')
    response.setHeader('content-length', image.length)
    response.end(request.method === 'HEAD' ? undefined : image)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}/image.raw`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The reference fetches nothing from loopback addresses unless they are allowed by name. */
async function features(directory: string, fetchPorts: readonly number[]): Promise<Sections> {
  const folders = { file1: join(directory, 'file1'), file2: join(directory, 'file2') }
  await Promise.all(Object.values(folders).map((folder) => mkdir(folder)))
  return {
    DEFAULT: {
      enabled_backends: 'file1:file,file2:file,web:http',
      enabled_import_methods: '[glance-direct,web-download,copy-image,glance-download]',
      show_multiple_locations: true,
      show_image_direct_url: true,
      cache_prefetcher_interval: 1,
      enforce_secure_rbac: true,
    },
    glance_store: { default_backend: 'file1' },
    file1: { filesystem_store_datadir: folders.file1 },
    file2: { filesystem_store_datadir: folders.file2 },
    // On a busy machine Keystone takes its time.
    keystone_authtoken: { http_connect_timeout: 60 },
    import_filtering_opts: { allowed_hosts: '[127.0.0.1]', allowed_ports: `[${fetchPorts.join()}]` },
    oslo_policy: { enforce_scope: true, enforce_new_defaults: true },
  }
}

/** Puts services into the catalog, by type, in a region of their own. */
async function register(keystone: KeystonePeer, urls: { image: string; image_remote: string }) {
  const { region: id, remove } = await keystone.registerImageService(urls.image)
  const serviceId = await remoteServiceId(keystone)
  for (const face of ['public', 'internal', 'admin']) {
    await keystone.request('POST', '/endpoints', {
      endpoint: { interface: face, region_id: id, service_id: serviceId, url: urls.image_remote },
    })
  }
  return { id, remove }
}

/** One service for all regions: of several with the same type, Tempest looks at one alone. */
async function remoteServiceId(keystone: KeystonePeer): Promise<string> {
  const { services } = await keystone.request<{ services: { id: string }[] }>('GET', '/services?type=image_remote')
  if (services[0]) return services[0].id
  const { service } = await keystone.request<{ service: { id: string } }>('POST', '/services', {
    service: { type: 'image_remote', name: 'glance_remote' },
  })
  return service.id
}

function tempestSections(
  keystone: KeystonePeer,
  { directory, region, imageUrl }: { directory: string; region: string; imageUrl: string },
): Sections {
  return {
    DEFAULT: { use_stderr: false, log_file: join(directory, 'tempest.log') },
    oslo_concurrency: { lock_path: join(directory, 'locks') },
    auth: {
      use_dynamic_credentials: true,
      create_isolated_networks: false,
      admin_username: keystone.admin.username,
      admin_password: keystone.admin.password,
      admin_project_name: keystone.admin.project,
      admin_domain_name: 'Default',
      admin_system: 'all',
    },
    identity: { auth_version: 'v3', uri_v3: keystone.authUrl, region: keystone.region, v3_endpoint_type: 'public' },
    image: {
      region,
      http_image: imageUrl,
      image_caching_enabled: true,
      alternate_image_endpoint: 'image_remote',
      build_timeout: 30,
    },
    'image-feature-enabled': { import_image: true, os_glance_reserved: true, manage_locations: true },
    enforce_scope: { glance: true },
    service_available: { glance: true, nova: false, neutron: false, cinder: false, swift: false, horizon: false },
  }
}
