import { Agent, request } from 'node:http'

export interface FloodOptions {
  /** What each reader must get. */
  readonly data: Buffer
  /** Downloads that begin at the same time. */
  readonly readers: number
  /** So many of them go away in the middle. */
  readonly leavers: number
  readonly headers?: Readonly<Record<string, string>>
}

export interface FloodResult {
  /** Readers that got all of the data, byte for byte. */
  readonly right: number
  /** What happened to others that did not mean to leave. */
  readonly failures: readonly string[]
}

/** Downloads one address many times at once and compares every byte. Nothing is kept. */
export async function flood(url: string, options: FloodOptions): Promise<FloodResult> {
  const { data, readers, leavers, headers = {} } = options
  const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY })
  const read = (leavesAt: number) =>
    new Promise<string>((resolve) => {
      const outgoing = request(url, { agent, headers }, (response) => {
        let at = 0
        response.on('data', (chunk: Buffer) => {
          const isRight = chunk.equals(data.subarray(at, at + chunk.length))
          at += chunk.length
          if (!isRight) resolve(`wrong bytes before ${at}`)
          if (!isRight || at >= leavesAt) outgoing.destroy()
        })
        response.once('error', (error) => resolve(`broke off after ${at} bytes: ${error.message}`))
        response.once('end', () =>
          resolve(at === data.length && response.statusCode === 200 ? 'right' : `${response.statusCode}, ${at} bytes`),
        )
      })
      outgoing.once('error', (error) => resolve(error.message))
      outgoing.end()
    })
  const end = Number.POSITIVE_INFINITY
  const results = await Promise.all(
    Array.from({ length: readers }, (_, i) => read(i < leavers ? (data.length * i) / leavers : end)),
  )
  agent.destroy()
  const stayed = results.slice(leavers)
  return {
    right: stayed.filter((result) => result === 'right').length,
    failures: stayed.filter((result) => result !== 'right'),
  }
}
