import { connect, createServer, type Socket } from 'node:net'

/** Stands between a client and a server, and can fail as networks and servers do. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** Keeps connections open, takes new ones, and forwards nothing any more. */
  hang(): void
  /** Cuts all connections. */
  cut(): void
  /** Cuts all connections, and new ones at once: nobody is there. */
  refuse(): void
  /** Forwards new connections again. */
  resume(): void
}

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let mode: 'forwarding' | 'hanging' | 'refusing' = 'forwarding'
  const keep = (socket: Socket): Socket => {
    sockets.add(socket)
    return socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
  }
  const server = createServer((client) => {
    keep(client)
    if (mode === 'refusing') client.destroy()
    if (mode !== 'forwarding') return
    const upstream = keep(connect(target.port, target.host))
    client.pipe(upstream).pipe(client)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as { port: number }).port,
    hang() {
      mode = 'hanging'
      for (const socket of sockets) socket.unpipe()
    },
    cut,
    refuse() {
      mode = 'refusing'
      cut()
    },
    resume() {
      mode = 'forwarding'
    },
    async [Symbol.asyncDispose]() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
