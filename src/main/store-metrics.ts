import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { StoreObserver } from '../domain/data/guard/guarded-store.ts'

/** Counts what stores do. */
export function storeMetrics(registry: Registry): StoreObserver {
  const registers = [registry]
  const operations = new Counter({
    name: 'glimpse_store_operations_total',
    help: 'Calls on stores; the outcome is ok, or the code of the error.',
    labelNames: ['store', 'operation', 'outcome'],
    registers,
  })
  const durations = new Histogram({
    name: 'glimpse_store_operation_duration_seconds',
    help: 'Time of calls on stores, without the transfer of data.',
    labelNames: ['store', 'operation'],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60],
    registers,
  })
  const bytes = new Counter({
    name: 'glimpse_store_bytes_total',
    help: 'Bytes that were read from stores or written to them; without those that the kernel sends from a local file.',
    labelNames: ['store', 'direction'],
    registers,
  })
  const unavailable = new Gauge({
    name: 'glimpse_store_unavailable',
    help: 'Processes that have given the store up for now.',
    labelNames: ['store'],
    registers,
  })
  return {
    operation({ store, operation, outcome, seconds }) {
      operations.inc({ store, operation, outcome })
      durations.observe({ store, operation }, seconds)
    },
    bytes: ({ store, direction, count }) => bytes.inc({ store, direction }, count),
    availability: ({ store, isAvailable }) => unavailable.set({ store }, isAvailable ? 0 : 1),
  }
}
