/** Operations over a test ledger, and orders driven into the states that people ask about. */
import type { ChannelSettings } from '../../src/alerts/channel.ts'
import { ALERT_LEVELS } from '../../src/core/alerts.ts'
import type { Connection, WriteOperation } from '../../src/core/ports.ts'
import { refuseInsideTransaction } from '../../src/core/transaction-guard.ts'
import type { Database } from '../../src/ledger/database.ts'
import type { NewPush } from '../../src/ledger/push.ts'
import type { Queue } from '../../src/queue/queue.ts'
import type { Operations } from '../../src/runtime/operations.ts'
import { ledgerOperations } from '../../src/runtime/operations-ledger.ts'
import { drive, type LedgerKind, putOrders, putPushes, type TestLedger, testOrder } from './ledgers.ts'

/** Whose hand it is in tests. */
export const ANN = { by: 'ann', why: 'looked' }

/** What the operations read of a connection. */
function connection(id: string, operation: Partial<WriteOperation>, streams: unknown[] = []): Connection {
  const writes = [{ kind: 'order', class: 'find', settle: 0, ...operation }]
  return { id, concurrency: 2, writes, streams } as unknown as Connection
}

export interface Desk {
  ledger: TestLedger
  db: Database
  ops: Operations
  /** `<queue> <lane>` of every wake-up so far. */
  woken: string[]
  /** One order with one push, in state planned. `to`: nc (resend-safe), slow (find, settles in an hour), deaf (none). */
  pushed(to?: string, more?: Partial<NewPush>): Promise<Made>
  /** The same, refused by the remote and parked for a person. */
  rejected(to?: string): Promise<Made>
  /** The same, parked after nobody could say whether it was written. */
  doubtful(to?: string): Promise<Made>
  /** The push as it stands in the table. */
  row(push: number): Promise<Record<string, unknown>>
}

export interface Made {
  order: ReturnType<typeof testOrder>
  document: number
  push: number
  key: string
}

/** A stream that can be read by range and by ids, and counts. */
const ORDERS = {
  ...{ name: 'orders', document: 'order', reach: 3650 * 86_400_000 },
  fetch: async () => [],
  count: async () => ({ count: 12, exact: true }),
}

let numbers = 5000

/** Code tables by connection, as tributary.yaml states them. */
export type CodeTables = Record<string, Record<string, Record<string, string>>>

/** Opens a ledger and the operations over it; to be closed by `desk.ledger.close()`. */
export async function openDesk(
  kind: LedgerKind,
  codes: CodeTables = {},
  channels: Record<string, ChannelSettings> = {},
): Promise<Desk> {
  const ledger = await kind.open()
  const { db } = ledger
  const woken: string[] = []
  const queue = {
    async wake(name: string, lane: string) {
      refuseInsideTransaction('waking')
      woken.push(`${name} ${lane}`)
    },
    async ready() {},
  } as unknown as Queue
  const connections = new Map([
    ['web', connection('web', { kind: 'shipment' }, [ORDERS])],
    ['nc', connection('nc', { class: 'resend-safe' })],
    ['slow', connection('slow', { class: 'find', settle: 3_600_000 })],
    ['deaf', connection('deaf', { class: 'none' })],
  ])
  const stated = [...connections.keys()].map((id) => [id, { id, codes: codes[id] ?? {} }])
  const config = {
    storage: { data: ledger.folder, database: null, redis: null },
    connections: Object.fromEntries(stated),
    company: { zone: 'Asia/Shanghai', currency: 'CNY', entities: {} },
    alerts: {
      channels,
      routes: [{ levels: ALERT_LEVELS, causes: [], to: Object.keys(channels) }],
      quiet: null,
      remind: null,
      every: 30_000,
      language: 'en' as const,
    },
  }
  const ops = ledgerOperations({ db, queue, connections }, { startedAt: new Date(), config })
  return { ledger, db, ops, woken, ...makers(db) }
}

function makers(db: Database): Pick<Desk, 'pushed' | 'rejected' | 'doubtful' | 'row'> {
  const pushed: Desk['pushed'] = async (to = 'nc', more = {}) => {
    const order = testOrder(String(numbers++))
    const [document] = await putOrders(db, [order])
    const [push] = await putPushes(db, [order], [document!], { connection: to, ...more })
    return { order, document: document!, push: push!, key: `web/${order.externalId}` }
  }
  return {
    pushed,
    async rejected(to) {
      const made = await pushed(to)
      const said = { code: 'NC_-31002', message: 'field is missing' }
      await drive(db, made.push, 'rejected', { ...said, parked: note(made, 'PUSH_REJECTED') })
      return made
    },
    async doubtful(to) {
      const made = await pushed(to)
      const said = { uncertain: true, code: 'PUSH_IN_DOUBT' }
      await drive(db, made.push, 'parked', { ...said, parked: note(made, 'PUSH_IN_DOUBT') })
      return made
    },
    async row(push) {
      const { rows } = await db.query<Record<string, unknown>>('select * from push where id = $1', [push])
      return rows[0]!
    },
  }
}

function note({ push, order }: Made, code: string) {
  return {
    what: 'push' as const,
    ref: push,
    connection: order.connection,
    orderId: order.externalId,
    orderNumber: order.number,
    code,
    detail: { push: String(push), reason: 'field is missing', said: 'NC_-31002' },
  }
}
