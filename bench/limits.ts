import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { freePort } from '../test/peers/ports.ts'

export interface Nginx {
  readonly url: string
  readonly process: ChildProcess
  /** Bytes of all answers that have ended, headers included; 0 unless it `logsBytes`. */
  bytesSent(): Promise<number>
}

/** nginx serving `directory` with sendfile: what a download can cost at best. */
export async function startNginx(
  directory: string,
  work: string,
  { logsBytes = false }: { logsBytes?: boolean } = {},
): Promise<Nginx> {
  const port = await freePort()
  const configuration = `${work}/nginx.conf`
  const log = `${work}/nginx-bytes.log`
  await writeFile(
    configuration,
    `user root; worker_processes 2; daemon off; pid ${work}/nginx.pid; error_log stderr;
events {}
http {
  log_format bytes '$bytes_sent'; access_log ${logsBytes ? `${log} bytes` : 'off'}; sendfile on; tcp_nopush on; default_type application/octet-stream;
  client_body_temp_path ${work}/nginx-body; proxy_temp_path ${work}/nginx-proxy; fastcgi_temp_path ${work}/nginx-fcgi;
  uwsgi_temp_path ${work}/nginx-uwsgi; scgi_temp_path ${work}/nginx-scgi;
  server { listen 127.0.0.1:${port}; root ${directory}; }
}\n`,
  )
  const process = spawn('nginx', ['-c', configuration, '-p', work], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  await waitUntilAnswers(url, process)
  return {
    url,
    process,
    async bytesSent() {
      const lines = logsBytes ? (await readFile(log, 'utf8')).split('\n') : []
      return lines.reduce((sum, line) => sum + Number(line), 0)
    },
  }
}

/** Polls until `url` gives any HTTP answer. @throws after 60 s, or when the process ended */
export async function waitUntilAnswers(url: string, process: ChildProcess): Promise<void> {
  const deadline = Date.now() + 60_000
  while (Date.now() < deadline) {
    if (process.exitCode !== null) throw new Error(`the server of ${url} ended with ${process.exitCode}`)
    try {
      await (await fetch(url)).body?.cancel()
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  throw new Error(`${url} does not answer`)
}

/** Hashes `file` with `algorithm` alone, in one thread. @returns CPU seconds */
export async function hashAlone(file: string, algorithm: string): Promise<number> {
  const hash = createHash(algorithm)
  const before = process.cpuUsage()
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  hash.digest()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}
