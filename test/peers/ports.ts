import { randomInt } from 'node:crypto'
import { connect, createServer } from 'node:net'

const claimed = new Set<number>()

/**
 * A TCP port on 127.0.0.1 that is free now. It lies below the range that the system gives to outgoing connections, so
 * that none of those takes it before the server binds it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    if (claimed.has(port) || !(await isFree(port))) continue
    claimed.add(port)
    return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** True if something accepts connections there. */
export function accepts(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
