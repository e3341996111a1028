/**
 * What the first run of a flow would do, found out without writing anything: the shop's orders since `from`
 * are read, mapped and judged in memory.
 */
import { TributaryError } from '../core/errors/error.ts'
import type { Connection, RawRecord, ReadStream } from '../core/ports.ts'
import { checkOrder } from '../mapping/check-order.ts'
import { validateDocument } from '../mapping/validate.ts'
import { whyNotPushed } from '../orders/work-order.ts'
import type { Config, FlowConfig } from './config.ts'

export interface FirstRun {
  flow: string
  mode: FlowConfig['mode']
  /** Orders read; `more`: reading stopped at the limit, so there are at least this many. */
  orders: number
  more: boolean
  /** Would be written into the ERP. */
  push: number
  /** Would not, by reason (before `from`, cancelled, unpaid…). */
  not: { [reason: string]: number }
  /** Would be parked, by error code. */
  parked: { [code: string]: number }
}

/** A source of short windows is not read through its whole past. Milliseconds. */
const PATIENCE = 30_000

/** One page may take this long. Milliseconds. */
const PAGE_LIMIT = 60_000

/**
 * Reads at most `most` orders of a flow. Throws what the shop's connector throws (wrong credentials,
 * unreachable).
 */
export async function firstRun(
  config: Config,
  flow: FlowConfig,
  connections: Map<string, Connection>,
  most: number,
): Promise<FirstRun> {
  const run: FirstRun = {
    flow: flow.id,
    mode: flow.mode,
    orders: 0,
    more: false,
    push: 0,
    not: {},
    parked: {},
  }
  for (const shop of flow.shops) {
    const connection = connections.get(shop)!
    for (const stream of connection.streams.filter((s) => s.document === 'order')) {
      const seen = new Set<string>()
      const deadline = Date.now() + PATIENCE
      for await (const record of readAll(stream, flow.from)) {
        // The newest version of an order comes last or again; counting each once is near enough.
        const known = record === null || seen.has(record.id)
        if (Date.now() > deadline || (!known && run.orders >= most)) {
          run.more = true
          break
        }
        if (known) continue
        seen.add(record.id)
        run.orders += 1
        await judge(run, config, flow, connection, stream, record)
      }
    }
  }
  return run
}

/**
 * Window by window where the source takes only short ones (null after each), and no further back than it can be read. Up
 * to now, without the stream's lag: nothing moves on from here, and the run will come to the newest too.
 */
async function* readAll(stream: ReadStream, from: Date): AsyncGenerator<RawRecord | null> {
  const now = Date.now()
  const { window = Infinity, reach = Infinity } = stream
  for (let since = Math.max(from.getTime(), now - reach); since < now; since += window) {
    const edges = { since: new Date(since), until: new Date(Math.min(now, since + window)) }
    let resume: unknown = null
    do {
      const page = await stream.page({ ...edges, resume }, AbortSignal.timeout(PAGE_LIMIT))
      yield* page.records
      resume = page.next
    } while (resume !== null)
    yield null
  }
}

async function judge(
  run: FirstRun,
  config: Config,
  flow: FlowConfig,
  connection: Connection,
  stream: ReadStream,
  record: RawRecord,
): Promise<void> {
  try {
    const mapping = stream.mappings[record.shape]!
    const context = {
      connection: connection.id,
      entity: connection.entity,
      settings: {},
      company: { zone: config.company.zone, currency: config.company.currency },
    }
    const value = (await mapping.map(connection.parse(record), context)) as Record<string, unknown>
    const content = { entity: connection.entity, ...value, connection: connection.id }
    const order = checkOrder(validateDocument('order', content))
    const decision = whyNotPushed(order, flow.from)
    if (decision.push) run.push += 1
    else run.not[decision.reason] = (run.not[decision.reason] ?? 0) + 1
  } catch (error) {
    if (!(error instanceof TributaryError) || error.kind !== 'input') throw error
    run.parked[error.code] = (run.parked[error.code] ?? 0) + 1
  }
}
