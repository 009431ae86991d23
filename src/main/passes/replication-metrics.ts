import { Gauge, type Registry } from 'prom-client'
import type { Repositories } from '../../ports/repositories.ts'

/** Counting takes the database a moment: workers and scrapers share an answer for so long. */
const freshMs = 15_000

/** Shows how many images stand how with the rules of replication. */
export function replicationMetrics(registry: Registry, { replication }: Pick<Repositories, 'replication'>): void {
  let countedAt = Number.NEGATIVE_INFINITY
  new Gauge({
    name: 'glimpse_replication_images',
    help: 'Images by replication rule and by how they stand with it: satisfied, pending or failing.',
    labelNames: ['rule', 'state'],
    registers: [registry],
    aggregator: 'max',
    async collect() {
      if (performance.now() - countedAt < freshMs) return
      countedAt = performance.now()
      // Without an answer of the database the last numbers stay.
      const counts = await replication.counts().catch(() => undefined)
      if (!counts) return
      this.reset()
      for (const { rule, state, images } of counts) this.set({ rule, state }, images)
    },
  })
}
