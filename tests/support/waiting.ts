/** Things that wait for a code, in a test ledger. */
import type { Order } from '../../src/core/documents/order.ts'
import type { Database } from '../../src/ledger/database.ts'
import { writeDocuments } from '../../src/ledger/document.ts'
import { appendRecords } from '../../src/ledger/inbox.ts'
import { park } from '../../src/ledger/parked.ts'
import { inboxRow, putOrders, putPushes, testOrder } from './ledgers.ts'

type Keys = readonly (readonly [table: string, key: string])[]

export interface Waiting {
  id: string
  keys: Keys
  /** Whose tables; default nc. */
  connection?: string
  amount?: number
  currency?: string
}

const detailOf = ({ keys, connection = 'nc', ...more }: Omit<Waiting, 'id'>) => ({
  connection,
  table: keys[0]![0],
  key: keys[0]![1],
  keys: JSON.stringify(keys),
  more: '',
  stream: 'orders',
  ...more,
})

/** Records that could not be mapped for lack of codes; answers their ids in order. */
export async function parkForCode(db: Database, items: Waiting[]): Promise<number[]> {
  const ids = (await appendRecords(
    db,
    items.map(({ id }) => inboxRow(testOrder(id))),
  )) as number[]
  const parked = items.map(({ id, ...more }, i) => ({
    what: 'record' as const,
    ref: ids[i]!,
    connection: 'web',
    orderId: id,
    orderNumber: null,
    code: 'MAPPING_CODE_MISSING',
    detail: detailOf(more),
  }))
  await db.query('update inbox set claimed_until = now() where id = any($1::bigint[])', [ids])
  await db.transaction((tx) => writeDocuments(tx, { documents: [], parked, done: [], journal: [] }))
  return ids
}

/** A push that could not be rendered for lack of codes; answers its id. */
export async function parkPushForCode(db: Database, order: Order, to: string, keys: Keys): Promise<number> {
  const documents = await putOrders(db, [order])
  const [push] = await putPushes(db, [order], documents, { connection: to })
  await db.query(`update push set state = 'parked', code = 'MAPPING_CODE_MISSING' where id = $1`, [push])
  await park(db, [
    {
      what: 'push',
      ref: push!,
      connection: order.connection,
      orderId: order.externalId,
      orderNumber: order.number,
      code: 'MAPPING_CODE_MISSING',
      detail: { ...detailOf({ keys, connection: to }), push: String(push) },
    },
  ])
  return push!
}
