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
  const work = await mkdtemp(join(tmpdir(), 'glimpse-nginx-work-'))
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${work}/${name};`)
    .join(' ')
  const configuration = `user ${userInfo().username}; daemon off; pid ${work}/pid; error_log stderr;
events {}
http {
  access_log off; default_type application/octet-stream; ${temporary}
  server { listen 127.0.0.1:${port}; root ${folder}; ${knowsRanges ? '' : 'max_ranges 0;'} }
}\n`
  await writeFile(join(work, 'nginx.conf'), configuration)
  const logPath = join(work, 'log')
  const process = await startDaemon(
    [findProgram('nginx'), '-c', join(work, 'nginx.conf'), '-p', work, '-e', 'stderr'],
    { logPath },
  )
  const stop = async () => {
    await stopDaemon(process)
    await Promise.all([folder, work].map((path) => rm(path, { recursive: true })))
  }
  try {
    await waitUntilReady(() => accepts(port), { name: 'nginx', process, logPath })
  } catch (error) {
    await stop()
    throw error
  }
  return { url: `http://127.0.0.1:${port}`, folder, [Symbol.asyncDispose]: stop }
}
