import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { run } from '../peers/processes.ts'

/** Speaks TLS in front of a server that does not, with a certificate of its own for 127.0.0.1. */
export interface TlsProxy extends AsyncDisposable {
  readonly port: number
  /** The certificate, which is its own authority. */
  readonly caPath: string
}

export async function startTlsProxy(target: { host: string; port: number }, directory: string): Promise<TlsProxy> {
  const [keyPath, caPath] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  await run([
    ...(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'] as const),
    ...['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyPath, '-out', caPath],
  ])
  const clients = new Set<Socket>()
  const server = createServer({ key: await readFile(keyPath), cert: await readFile(caPath) }, (client) => {
    const upstream = connect(target.port, target.host)
    client.pipe(upstream).pipe(client)
    clients.add(client.on('close', () => clients.delete(client)))
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => one.destroy()).on('close', () => other.destroy())
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    caPath,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
