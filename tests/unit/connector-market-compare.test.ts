/** Orders of the marketplace sandboxes, read by their connectors and mapped out for an ERP: the comparer finds no difference. */
import { afterEach, expect, it } from 'vitest'
import { workOrderDocument } from '../../src/orders/work-order.ts'
import { compareAll } from '../../src/sandbox/compare/compare.ts'
import { expectedOf } from '../../src/sandbox/compare/expected.ts'
import { fromNaive } from '../../src/sandbox/compare/found.ts'
import { startPinduoduo } from '../../src/sandbox/pinduoduo/server.ts'
import { startTaobao } from '../../src/sandbox/taobao/server.ts'
import { documentOf, itemOf, openConnector, readAll } from '../support/connection.ts'
import { APP as PDD } from '../support/pdd-client.ts'
import { APP as TOP } from '../support/top-client.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely
type Any = any

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

it.each([
  ['taobao', TOP, () => startTaobao(TOP)],
  ['pinduoduo', PDD, () => startPinduoduo({ ...PDD, tailSeconds: 0 })],
])('%s', async (id, app, start) => {
  const shop = await start()
  open.push(shop)
  const raw = async (path: string, body?: object): Promise<Any> => {
    const init = body ? { method: 'POST', body: JSON.stringify(body) } : {}
    return (await fetch(`${shop.url}/_sandbox/${path}`, init)).json()
  }
  await raw('orders', { count: 90, seed: 5, hard: true })
  const connection = await openConnector(id, { base: shop.url, ...app })
  const erp = await openConnector('naive-erp', { base: 'http://127.0.0.1:9', token: 't' })
  open.push(connection, erp)
  const signal = AbortSignal.timeout(60_000)
  const since = new Date(Date.now() - 1_200_000)
  const records = new Map((await readAll(connection, 'order', signal, since)).map((r) => [r.id, r]))
  const expected: Any[] = await raw('expected')
  const wanted = expected.filter((e) => e.expect === 'document')
  const documents = await Promise.all(
    wanted.map(async ({ orderId }) => {
      const order = await documentOf(connection, 'order', records.get(orderId)!)
      const { body } = await itemOf(erp, 'order', workOrderDocument(order), `K${orderId}`)
      return fromNaive({ id: orderId, state: 'confirmed', ...JSON.parse(body.toString()) })
    }),
  )
  const compared = compareAll(await raw('orders'), expected, documents, {}, expectedOf)
  expect(compared.differences).toEqual([])
  expect(compared).toMatchObject({ orders: 90, matched: 90, documents: wanted.length })
})
