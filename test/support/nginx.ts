import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '../peers/packages.ts'
import { accepts, freePort } from '../peers/ports.ts'
import { startDaemon, stopDaemon, waitUntilReady } from '../peers/processes.ts'

export interface Nginx extends AsyncDisposable {
  /** Without a slash at the end; the host is 127.0.0.1. */
  readonly url: string
  /** Its files are served. */
  readonly folder: string
}

/** Starts nginx on a port of its own with a folder of its own; both go with it. */
export async function startNginx({ knowsRanges }: { knowsRanges: boolean }): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'glimpse-nginx-'))
  const server = `root ${folder}; ${knowsRanges ? '' : 'max_ranges 0;'}`
  const nginx = await launch(() => ({ http: '', server }))
  return {
    url: nginx.url,
    folder,
    async [Symbol.asyncDispose]() {
      await nginx[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

export interface Balancer extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string
  readonly configPath: string
  /** The file that lists the servers, one `server HOST:PORT;` for each. */
  readonly upstreamPath: string
}

/** Starts nginx in front of image services at `addresses`; answers name theirs in the header `x-node`. */
export async function startBalancer(addresses: readonly string[]): Promise<Balancer> {
  const name = 'upstream.conf'
  const nginx = await launch((work) => ({
    http: `include ${work}/${name};`,
    server: `client_max_body_size 0;
    location / {
      proxy_pass http://images; proxy_http_version 1.1; proxy_request_buffering off; proxy_set_header Host $http_host;
      add_header X-Node $upstream_addr always;
    }`,
    files: { [name]: `upstream images {\n${addresses.map((address) => `  server ${address};\n`).join('')}}\n` },
  }))
  return { ...nginx, upstreamPath: join(nginx.work, name) }
}

interface Site {
  /** Directives within `http`, and within `server`. */
  readonly http: string
  readonly server: string
  /** Further files of its folder. */
  readonly files?: Readonly<Record<string, string>>
}

async function launch(siteIn: (work: string) => Site) {
  const work = await mkdtemp(join(tmpdir(), 'glimpse-nginx-work-'))
  const { http, server, files = {} } = siteIn(work)
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${work}/${name};`)
    .join(' ')
  const configuration = `user ${userInfo().username}; daemon off; pid ${work}/pid; error_log stderr;
events {}
http {
  access_log off; default_type application/octet-stream; ${temporary}
  ${http}
  server { listen 127.0.0.1:${port}; ${server} }
}\n`
  const configPath = join(work, 'nginx.conf')
  for (const [name, text] of Object.entries({ ...files, 'nginx.conf': configuration }))
    await writeFile(join(work, name), text)
  const logPath = join(work, 'log')
  const process = await startDaemon([findProgram('nginx'), '-c', configPath, '-p', work, '-e', 'stderr'], { logPath })
  const stop = async () => {
    await stopDaemon(process)
    await rm(work, { recursive: true })
  }
  try {
    await waitUntilReady(() => accepts(port), { name: 'nginx', process, logPath })
  } catch (error) {
    await stop()
    throw error
  }
  return { url: `http://127.0.0.1:${port}`, work, configPath, [Symbol.asyncDispose]: stop }
}
