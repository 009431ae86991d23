import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Rate {
  readonly perSecond: number
  readonly p99Ms: number
  readonly requests: number
}

/**
 * Drives `url` with wrk for `seconds`; every answer must be 2xx or 3xx. Connections that starve in a server under load are no fault.
 * @throws with wrk's output when an answer is another, or when there is none
 */
export async function requests(
  url: string,
  options: {
    seconds: number
    connections: number
    headers: Readonly<Record<string, string>>
    post?: { body: string; script: string }
  },
): Promise<Rate> {
  const args = ['-t1', `-c${options.connections}`, `-d${options.seconds}s`, '--latency']
  for (const [name, value] of Object.entries(options.headers)) args.push('-H', `${name}: ${value}`)
  if (options.post) {
    await writeFile(options.post.script, `wrk.method = "POST"\nwrk.body = ${JSON.stringify(options.post.body)}\n`)
    args.push('-s', options.post.script)
  }
  const { stdout } = await run('wrk', [...args, url])
  if (/Non-2xx/.test(stdout) || /^\s*0 requests in/m.test(stdout))
    throw new Error(`${url} answered with errors:\n${stdout}`)
  const p99 = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout)
  const unitMs = { us: 1e-3, ms: 1, s: 1e3 }
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    p99Ms: p99 ? Number(p99[1]) * unitMs[p99[2] as keyof typeof unitMs] : Number.NaN,
    requests: Number(/(\d+) requests in/.exec(stdout)?.[1]),
  }
}

/** One transfer by curl. @returns seconds @throws on any status but 2xx */
export async function transfer(
  url: string,
  options: { headers: Readonly<Record<string, string>>; upload?: string },
): Promise<number> {
  const args = ['-sS', '--fail-with-body', '-o', '/dev/null', '-w', '%{time_total}', '-H', 'Expect:']
  for (const [name, value] of Object.entries(options.headers)) args.push('-H', `${name}: ${value}`)
  if (options.upload) args.push('-X', 'PUT', '-T', options.upload, '-H', 'Content-Type: application/octet-stream')
  const { stdout } = await run('curl', [...args, url])
  return Number(stdout)
}
