/** Reading by ids and along connections, to the last page of what is inside. */
import type { GraphPage, RawRecord, Tools } from 'tributary/hooks'

/** An order, or one of its refunds (those have an id and inner lists only). */
export type Order = Record<string, unknown> & { id: string; updatedAt: string; refunds: Order[] }
export type At = { tools: Tools; signal: AbortSignal }
export const path = '/graphql.json'
/** Fields that not every API version has. */
export const newer = [
  'totalCashRoundingAdjustment',
  'originalTotalDutiesSet',
  'originalTotalAdditionalFeesSet',
  'returnReason',
]
/** `name$` is a money set in the shop's currency, the one that is booked. */
export const money = (fields: string) => fields.replace(/(\w+)\$/g, '$1 { shopMoney { amount } }')
export const list = (name: string, args: string, fields: string) =>
  `${name}(${args}) { pageInfo { hasNextPage endCursor } nodes { ${fields} } }`
const PRICED = money('discountAllocations { allocatedAmountSet$ } taxLines { title rate priceSet$ }')
/** The inner lists that are read to their last page, by the type that holds them. */
export const INNER = {
  Fulfillment: { fulfillmentLineItems: 'quantity lineItem { id }' },
  FulfillmentOrder: { lineItems: 'id remainingQuantity lineItem { id }' },
  InventoryItem: {
    inventoryLevels: `id updatedAt location { id name }
      quantities(names: ["available", "on_hand", "committed", "incoming", "damaged"]) { name quantity }`,
  },
  Return: {
    returnLineItems: money(`... on ReturnLineItem { id quantity refundedQuantity returnReason returnReasonNote
      customerNote fulfillmentLineItem { lineItem { id sku } } withCodeDiscountedTotalPriceSet$ }`),
  },
  Order: {
    lineItems: money(`id name title variantTitle sku quantity currentQuantity requiresShipping isGiftCard
      originalUnitPriceSet$ ${PRICED}`),
    shippingLines: money(`id code title isRemoved originalPriceSet$ ${PRICED}`),
  },
  Refund: {
    refundLineItems: money('id quantity restockType lineItem { id } subtotalSet$ totalTaxSet$'),
    refundShippingLines: money('id subtotalAmountSet$ taxAmountSet$'),
  },
}

/** Things of one type by id, those that are gone left out. `n`: what `$first` begins with, where it is used. */
export async function read({ tools, signal }: At, of: string, ids: string[], fields: string, n?: number) {
  const first = n ? ', $first: Int!' : ''
  const query = `query Nodes($ids: [ID!]!${first}) { nodes(ids: $ids) { ... on ${of} { ${fields} } } }`
  const data = await tools.graphql.ask({ path, query, variables: { ids }, newer, sized: n, signal })
  return (data.nodes as (Order | null)[]).filter((node) => node !== null)
}

/** Reads the inner lists of an order or refund to their end. False: the order changed meanwhile. */
export async function fill(at: At, of: Order, type: keyof typeof INNER) {
  for (const [name, fields] of Object.entries(INNER[type])) {
    const nodes = await at.tools.graphql.rest(of[name] as GraphPage, async (after) => {
      const inner = list(name, `first: 50, after: ${JSON.stringify(after)}`, fields)
      const [more] = await read(at, type, [of.id], `id ${type === 'Order' ? 'updatedAt' : ''} ${inner}`)
      return more && more.updatedAt === of.updatedAt ? (more[name] as GraphPage) : null
    })
    if (nodes === null) return false
    // Without pageInfo: the record must not depend on how the pages fell.
    of[name] = { nodes }
  }
  return true
}

export const gid = (type: string, id: string) =>
  String(id).startsWith('gid:') ? id : `gid://shopify/${type}/${id}`
export const tail = (id: string) => id.slice(id.lastIndexOf('/') + 1)
export const recordOf = (id: string, shape: string, value: object): RawRecord => {
  return { id, body: Buffer.from(JSON.stringify(value)), contentType: 'application/json', shape }
}

/** One page of all articles or inventory items, by their cursor. */
export async function goods({ tools, signal }: At, after: unknown, query: string) {
  const data = await tools.graphql.ask({ path, query, variables: { after }, sized: 20, newer, signal })
  const { nodes, pageInfo } = data.all as Omit<GraphPage, 'nodes'> & { nodes: Order[] }
  return { nodes, next: pageInfo?.hasNextPage ? pageInfo.endCursor : null }
}
