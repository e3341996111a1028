/** The rules of stock and refunds that the Shopify sandbox keeps. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { type Running, startShopify } from '../../src/sandbox/shopify/server.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely here
type Any = any
const running: Running[] = []
afterEach(async () => {
  for (const shop of running.splice(0)) await shop.close()
})

async function start(log?: string): Promise<Running> {
  const shop = await startShopify({ token: 'tok', secret: 'sec', ...(log ? { log } : {}) })
  running.push(shop)
  return shop
}

async function ask(shop: Running, query: string, variables: object = {}): Promise<Any> {
  const answer = await fetch(`${shop.url}/admin/api/2026-10/graphql.json`, {
    method: 'POST',
    headers: { 'X-Shopify-Access-Token': 'tok', 'Content-Type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  return answer.json()
}

const SET = `mutation($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id changes { delta } } userErrors { code field } } }`
const level = (quantity: number, changeFromQuantity: number | null = null, item = 1, location = 1) => ({
  name: 'available',
  reason: 'correction',
  quantities: [
    {
      inventoryItemId: `gid://shopify/InventoryItem/${50_000_000_000_000 + item}`,
      locationId: `gid://shopify/Location/${60_000_000_000 + location}`,
      quantity,
      changeFromQuantity,
    },
  ],
})

async function set(shop: Running, key: string, input: object): Promise<Any> {
  const answer = await ask(shop, SET, { input, key })
  return answer.data?.inventorySetQuantities ?? answer
}

it('repeats the first answer under a key, and refuses other parameters', async () => {
  const shop = await start()
  const first = await set(shop, 'K', level(17))
  expect(first.inventoryAdjustmentGroup.changes).toEqual([{ delta: -83 }])
  expect(await set(shop, 'K', level(17))).toEqual(first)
  expect((await set(shop, 'K', level(18))).userErrors[0].code).toBe('IDEMPOTENCY_KEY_PARAMETER_MISMATCH')
})

it('compares what is expected, and knows articles, places and where an article lies', async () => {
  const shop = await start()
  const codes: (string | undefined)[] = []
  for (const input of [
    level(1, 99),
    level(1, 100),
    level(1, null, 999),
    level(1, null, 1, 9),
    level(1, null, 1, 2),
  ])
    codes.push((await set(shop, JSON.stringify(input), input)).userErrors[0]?.code)
  expect(codes).toEqual([
    'CHANGE_FROM_QUANTITY_STALE',
    undefined,
    'INVALID_INVENTORY_ITEM',
    'INVALID_LOCATION',
    'ITEM_NOT_STOCKED_AT_LOCATION',
  ])
})

it('wants the directive, and counts every mutation of a request', async () => {
  const shop = await start()
  const bare = SET.replace(' @idempotent(key: $key)', '').replace(', $key: String!', '')
  expect((await ask(shop, bare, { input: level(1) })).errors[0].message).toMatch(
    /@idempotent directive is required/,
  )
  const two = `mutation($i: InventorySetQuantitiesInput!) {
    a: inventorySetQuantities(input: $i) @idempotent(key: "a") { userErrors { code } }
    b: inventorySetQuantities(input: $i) @idempotent(key: "b") { userErrors { code } } }`
  const { extensions } = await ask(shop, two, { i: level(3) })
  expect(extensions.cost.requestedQueryCost).toBeGreaterThanOrEqual(20)
})

it('keeps levels and keys over a restart', async () => {
  const log = join(mkdtempSync(join(tmpdir(), 'sandbox-')), 'log')
  const before = await start(log)
  const first = await set(before, 'K', level(5))
  await running.pop()!.close()
  const after = await start(log)
  expect(await set(after, 'K', level(5))).toEqual(first)
  const query =
    '{ inventoryItems(first: 2, query: "sku:\\"TEA-001\\"") { nodes { sku inventoryLevels(first: 5) { nodes { quantities(names: ["available"]) { quantity } } } } } }'
  const { nodes } = (await ask(after, query)).data.inventoryItems
  expect(nodes).toEqual([{ sku: 'TEA-001', inventoryLevels: { nodes: [{ quantities: [{ quantity: 5 }] }] } }])
})

it('refunds lines and freight as far as they are there, and money as far as it was paid', async () => {
  const shop = await start()
  await fetch(`${shop.url}/_sandbox/orders`, { method: 'POST', body: JSON.stringify({ count: 10, seed: 2 }) })
  const orders = (await (await fetch(`${shop.url}/_sandbox/orders`)).json()) as Any[]
  const order = orders.find((o) => o.transactions[0]?.kind === 'SALE')
  const [sale] = order.transactions
  const gid = (type: string, id: number) => `gid://shopify/${type}/${id}`
  const refund = async (key: string, quantity: number, amount: string) => {
    const money = {
      orderId: gid('Order', order.id),
      parentId: gid('OrderTransaction', sale.id),
      gateway: sale.gateway,
    }
    const refundLineItems = [
      { lineItemId: gid('LineItem', order.lines[0].id), quantity, restockType: 'NO_RESTOCK' },
    ]
    const transactions = [{ ...money, kind: 'REFUND', amount }]
    const input = { orderId: money.orderId, note: 'n', refundLineItems, transactions }
    const query = `mutation($input: RefundInput!, $key: String!) {
      refundCreate(input: $input) @idempotent(key: $key) { refund { id } userErrors { message } } }`
    return (await ask(shop, query, { input, key })).data.refundCreate
  }
  const first = await refund('A', 1, '0.5')
  expect(first).toMatchObject({ refund: { id: expect.any(String) }, userErrors: [] })
  expect(await refund('A', 1, '0.5')).toEqual(first)
  expect((await refund('A', 1, '0.6')).userErrors).toHaveLength(1)
  expect((await refund('B', 1, '99999999')).userErrors).toHaveLength(1)
  expect((await refund('C', 9999, '1')).userErrors).toHaveLength(1)
})
