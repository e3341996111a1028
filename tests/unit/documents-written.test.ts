/** Documents of kinds that no stage plans yet, pushed through the whole protocol by a declared connector. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Connection } from '../../src/core/ports.ts'
import { DOCUMENT_KINDS, type DocumentKind } from '../../src/core/states.ts'
import { insertPushes } from '../../src/ledger/push.ts'
import { settler } from '../../src/ledger/settle.ts'
import { deliverLane } from '../../src/pipeline/deliver.ts'
import { pushKey } from '../../src/pipeline/identity.ts'
import type { Pipe } from '../../src/pipeline/pipe.ts'
import { acme, HEAD } from '../support/acme.ts'
import { LEDGERS, newPush, putOrders, type TestLedger, testOrder } from '../support/ledgers.ts'

const KINDS = DOCUMENT_KINDS.filter((k) => !['order', 'shipment', 'acknowledgement'].includes(k))
const { open, serve } = acme()

const YAML = `${HEAD}write:
${KINDS.map(
  (kind) => `  ${kind}:
    class: find
    settle: 0ms
    mapping: ${kind}.out
    post: /${kind}
    key: ref
    find: { get: "/${kind}?ref={key}", each: items }
    remote: { id: id, number: no }
`,
).join('')}`

describe.each(LEDGERS)('writes of every kind over $name', (kind) => {
  let ledger: TestLedger
  beforeAll(async () => {
    if (!kind.missing) ledger = await kind.open()
  }, 60_000)
  afterAll(() => ledger?.close())
  beforeEach(({ skip }) => skip(kind.missing !== null, kind.missing ?? ''))

  const pipeOf = (connection: Connection): Pipe =>
    ({
      db: ledger.db,
      queue: { wake: async () => undefined },
      connections: new Map([[connection.id, connection]]),
      flows: [],
      company: { zone: 'Asia/Shanghai', currency: 'CNY' },
      installation: 'test',
      settler: settler(ledger.db),
      codes: { revision: null, refresh: async () => false, stated: () => ({}) },
      log: () => undefined,
    }) as unknown as Pipe

  async function planned(document: DocumentKind, connection: Connection): Promise<number> {
    const order = testOrder(`w-${kind.name}-${document}`)
    const [id] = await putOrders(ledger.db, [order])
    const content = { externalId: `${document}-1`, lines: [{ sku: 'TEA', quantity: '1' }] }
    const key = pushKey('test', connection.id, document, [order.externalId], 1)
    const push = newPush(order, id!, {
      key,
      connection: connection.id,
      kind: document,
      subject: `${document}:${order.externalId}`,
      content,
    })
    const ids = await ledger.db.transaction((tx) => insertPushes(tx, [push]))
    return ids.get(key)!
  }
  const row = async (id: number) =>
    (await ledger.db.query<Record<string, unknown>>('select * from push where id = $1', [id])).rows[0]!
  async function deliver(connection: Connection): Promise<void> {
    const pipe = pipeOf(connection)
    for (let lane = 0; lane < connection.concurrency; lane++) {
      await deliverLane(pipe, connection, lane, { asked: false })
    }
  }

  it.each(KINDS)('%s: written once under its key and bound', async (document) => {
    const held: Record<string, unknown>[] = []
    const base = await serve((path, body, method) => {
      if (method === 'GET') return { body: { items: held } }
      expect(path).toBe(`/${document}`)
      held.push({ id: held.length + 1, no: `N${held.length + 1}`, ...JSON.parse(body) })
      return { status: 201, body: held.at(-1) }
    })
    const connection = await open(YAML, { base, token: 't' })
    const push = await planned(document, connection)
    await deliver(connection)
    const made = await row(push)
    expect(made).toMatchObject({ state: 'confirmed', kind: document, remote_id: '1', remote_number: 'N1' })
    expect(held).toEqual([
      { id: 1, no: 'N1', ref: made.key, externalId: `${document}-1`, lines: [{ sku: 'TEA', quantity: '1' }] },
    ])
    const { rows } = await ledger.db.query('select kind, remote_id from binding where push_id = $1', [push])
    expect(rows).toEqual([{ kind: document, remote_id: '1' }])
    await deliver(connection)
    expect(held).toHaveLength(1)
  })

  it('a lost answer is asked for by key and not written twice', async () => {
    const held: Record<string, unknown>[] = []
    const base = await serve((_path, body, method) => {
      if (method === 'GET') return { body: { items: held } }
      held.push({ id: 9, no: 'N9', ...JSON.parse(body) })
      return { status: 502 }
    })
    const connection = await open(YAML, { base, token: 't' })
    const order = testOrder(`lost-${kind.name}`)
    const [id] = await putOrders(ledger.db, [order])
    const push = newPush(order, id!, {
      key: `LOST${kind.name}`,
      connection: connection.id,
      kind: 'stock',
      subject: 'stock:lost',
      content: { externalId: 'WH1/TEA' },
    })
    const ids = await ledger.db.transaction((tx) => insertPushes(tx, [push]))
    const made = () => row(ids.get(push.key)!)
    await deliver(connection)
    expect(await made()).toMatchObject({ state: 'unknown', uncertain: true })
    await ledger.db.query(`update push set due_at = now() where key = $1`, [push.key])
    await deliver(connection)
    expect(await made()).toMatchObject({ state: 'confirmed', remote_id: '9' })
    expect(held).toHaveLength(1)
  })
})
