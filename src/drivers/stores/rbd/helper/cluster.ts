import { type Native, Out, textOf } from './native.ts'
import type { HelperSetup } from './protocol.ts'

const fallbackSeconds = 30
const timeouts = ['client_mount_timeout', 'rados_mon_op_timeout', 'rados_osd_op_timeout'] as const

/** A connection to a cluster, with the pools that were used. Made when it is first needed, and again if that fails. */
export class Cluster {
  readonly #native: Native
  readonly #setup: HelperSetup
  #connection: Promise<number> | undefined
  readonly #pools = new Map<string, Promise<number>>()

  constructor(native: Native, setup: HelperSetup) {
    this.#native = native
    this.#setup = setup
  }

  async fsid(): Promise<string> {
    const text = Buffer.alloc(64)
    await this.#native.wait('rados_cluster_fsid', [await this.#connected(), text, text.length])
    return textOf(text)
  }

  /** The I/O context of a pool. */
  pool(name: string): Promise<number> {
    return remember(this.#pools, name, async () => {
      const out = new Out()
      await this.#native.wait('rados_ioctx_create', [await this.#connected(), name, out.buffer])
      return out.value
    })
  }

  /** Features of new images. @see glance_store `_drivers/rbd.py` `_create_image` */
  async features(): Promise<number> {
    const layering = 1
    return this.#setting(await this.#connected(), 'rbd_default_features') || layering
  }

  async close(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined)
    if (connection !== undefined) await this.#native.wait('rados_shutdown', [connection])
  }

  #connected(): Promise<number> {
    this.#connection ??= this.#connect().catch((error: unknown) => {
      this.#connection = undefined
      throw error
    })
    return this.#connection
  }

  async #connect(): Promise<number> {
    const { confPath, user } = this.#setup
    const native = this.#native
    const out = new Out()
    native.call('rados_create', [out.buffer, user])
    const cluster = out.value
    try {
      native.call('rados_conf_read_file', [cluster, confPath === '' ? null : confPath])
      this.#limit(cluster)
      // Data goes once in one direction: a cache of 32 MiB per image would only copy it.
      native.call('rados_conf_set', [cluster, 'rbd_cache', 'false'])
      await native.wait('rados_connect', [cluster])
      return cluster
    } catch (error) {
      await native.wait('rados_shutdown', [cluster])
      throw error
    }
  }

  /** Without limits, librados waits for ever for a cluster that is away. */
  #limit(cluster: number): void {
    const { timeoutSeconds } = this.#setup
    for (const name of timeouts) {
      const found = this.#setting(cluster, name)
      const usual = found > 0 ? Math.min(found, fallbackSeconds) : fallbackSeconds
      const isOwn = found > 0 && name !== 'client_mount_timeout'
      const seconds = timeoutSeconds > 0 ? timeoutSeconds : isOwn ? found : usual
      this.#native.call('rados_conf_set', [cluster, name, String(seconds)])
    }
  }

  /** A number of Ceph's configuration; NaN if it is none. */
  #setting(cluster: number, name: string): number {
    const text = Buffer.alloc(256)
    this.#native.call('rados_conf_get', [cluster, name, text, text.length])
    return Number.parseFloat(textOf(text))
  }
}

async function remember(known: Map<string, Promise<number>>, name: string, make: () => Promise<number>) {
  const found = known.get(name)
  if (found !== undefined) return found
  const made = make()
  known.set(name, made)
  made.catch(() => known.delete(name))
  return made
}
