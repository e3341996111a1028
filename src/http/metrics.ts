/** `/metrics` for Prometheus: what the ledger says (read at most once a second) and what came over HTTP. */
import type { FastifyInstance } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Operations, Stats } from '../runtime/operations.ts'

export interface HttpMetrics {
  registry: Registry
  /** One webhook request, answered. Seconds. */
  webhook(connection: string, status: number, seconds: number): void
}

/** How old figures of the ledger may be. Milliseconds. */
const FRESH = 1000

/** Makes the registry. Every figure of the ledger is read when somebody scrapes, never otherwise. */
export function createMetrics(operations: Pick<Operations, 'stats'>): HttpMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  ledgerMetrics(registry, operations)
  const answered = new Counter({
    name: 'tributary_webhook_total',
    help: 'Webhook requests by connection and status.',
    labelNames: ['connection', 'status'],
    registers: [registry],
  })
  const took = new Histogram({
    name: 'tributary_webhook_seconds',
    help: 'From the request to the answer, the commit included.',
    labelNames: ['connection'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  })
  return {
    registry,
    webhook(connection, status, seconds) {
      answered.inc({ connection, status: String(status) })
      took.observe({ connection }, seconds)
    },
  }
}

/** A gauge whose values are set from the ledger's figures. */
type Declare = (name: string, help: string, labels: string[], set: (g: Gauge, s: Stats) => void) => void

function ledgerMetrics(registry: Registry, operations: Pick<Operations, 'stats'>): void {
  let last: { at: number; stats: Promise<Stats> } | null = null
  const read = (): Promise<Stats> => {
    const now = Date.now()
    if (!last || now - last.at > FRESH) last = { at: now, stats: operations.stats({}) }
    return last.stats
  }
  const declare: Declare = (name, help, labelNames, set) => {
    const made: Gauge = new Gauge({
      name: `tributary_${name}`,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        made.reset()
        set(made, await read())
      },
    })
  }
  totals(declare)
  perConnection(declare)
}

function totals(declare: Declare): void {
  declare('received_records', 'Records received since the ledger began.', [], (g, s) => g.set(s.received))
  declare('normalized_records', 'Records made into documents.', [], (g, s) => g.set(s.normalized))
  declare('orders', 'Source orders known.', [], (g, s) => g.set(s.orders))
  declare('parked', 'What waits for a person.', [], (g, s) => g.set(s.parked))
  declare('alerts', 'Alerts that are open, by level.', ['level'], (g, s) => {
    for (const [level, count] of Object.entries(s.alerts)) g.set({ level }, count)
  })
  declare('confirmed_per_second', 'Pushes confirmed, mean of the last minute.', [], (g, s) => g.set(s.rate))
  declare('waiting', 'What waits for a worker, by hop.', ['hop'], (g, s) => {
    for (const [hop, count] of Object.entries(s.waiting)) g.set({ hop }, count)
  })
}

function perConnection(declare: Declare): void {
  declare('pushes', 'Pushes by connection and state.', ['connection', 'state'], (g, s) => {
    for (const { connection, pushes } of s.connections) {
      for (const [state, count] of Object.entries(pushes)) g.set({ connection, state }, count)
    }
  })
  declare('paused', '1 while a connection is paused.', ['connection'], (g, s) => {
    for (const { connection, paused } of s.connections) g.set({ connection }, paused ? 1 : 0)
  })
  declare('watermark_age_seconds', 'How far reading lies behind now.', ['connection', 'stream'], (g, s) => {
    for (const { connection, streams } of s.connections) {
      for (const { stream, watermark } of streams) {
        if (watermark) g.set({ connection, stream }, (Date.now() - Date.parse(watermark)) / 1000)
      }
    }
  })
  const missing = 'What sources say they have and could not be had, by the checks of 30 days.'
  declare('missing_records', missing, ['connection', 'stream'], (g, s) => {
    for (const { connection, streams } of s.connections) {
      for (const { stream, missing: n } of streams) if (n !== null) g.set({ connection, stream }, n)
    }
  })
}

/** Registers `/metrics`. It shows names of connections and counts, no orders. */
export function metricsRoute(app: FastifyInstance, { registry }: HttpMetrics): void {
  app.get('/metrics', async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  )
}
